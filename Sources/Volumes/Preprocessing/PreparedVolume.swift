/// The slices of one 3-D image on the network's grid, and what it takes to bring a prediction back.
public struct PreparedVolume: Sendable, Equatable {
    /// Intensities from 0 to 1: `[slice, row, column]`, row-major, `sliceCount × size × size`; a row runs along the
    /// image's y axis, a column along x.
    public var pixels: [Float]
    /// The label of each pixel, in the order of `pixels`; `nil` for an image without labels.
    public var labels: [UInt8]?
    /// Where the pixels lie in the native image.
    public let grid: Grid

    /// Pixels and labels on a grid.
    ///
    /// - Precondition: Both fill the grid.
    public init(pixels: [Float], labels: [UInt8]? = nil, grid: Grid) {
        precondition(
            pixels.count == grid.count, "\(pixels.count) pixels do not fill \(grid.count) places")
        precondition(
            labels.map { $0.count == grid.count } ?? true,
            "\(labels?.count ?? 0) labels do not fill \(grid.count) places")
        (self.pixels, self.labels, self.grid) = (pixels, labels, grid)
    }

    /// The number of slices.
    public var sliceCount: Int { grid.native.slices }
    /// Rows and columns of a slice.
    public var size: Int { grid.size }

    /// The pixels of one slice: `[row, column]`.
    ///
    /// - Precondition: `0 ≤ index < sliceCount`.
    public func slice(_ index: Int) -> ArraySlice<Float> {
        precondition((0..<sliceCount).contains(index), "slice \(index) of \(sliceCount)")
        return pixels[index * size * size..<(index + 1) * size * size]
    }

    /// A square pixel grid laid concentrically over the slices of a native image.
    public struct Grid: Hashable, Sendable, Codable {
        /// Extents of the native image.
        public let native: Volume.Extent
        /// Spacing of the native image, in mm.
        public let nativeSpacing: Volume.Spacing
        /// Spacing of the grid in both directions of the plane, in mm.
        public let spacing: Double
        /// Rows and columns.
        public let size: Int

        /// A grid of `size × size` pixels, `spacing` mm apart, for every slice of a native image.
        public init(native: Volume.Extent, nativeSpacing: Volume.Spacing, spacing: Double, size: Int) {
            (self.native, self.nativeSpacing, self.spacing, self.size) = (native, nativeSpacing, spacing, size)
        }

        /// The number of pixels in all slices.
        public var count: Int { native.slices * size * size }

        /// Native x as a function of the column.
        var columns: AxisMap { AxisMap(from: native.x, nativeSpacing.x, to: size, spacing) }
        /// Native y as a function of the row.
        var rows: AxisMap { AxisMap(from: native.y, nativeSpacing.y, to: size, spacing) }
    }
}
