/// The slices of one 3-D image on the network's grid, and what it takes to bring a prediction back.
public struct PreparedVolume: Sendable, Equatable {
    /// Intensities from 0 to 1: `[slice, row, column]`, row-major, `sliceCount × size × size`; a row runs along the
    /// image's y axis, a column along x.
    public var pixels: [Float]
    /// The label of each pixel, in the order of `pixels`; `nil` for an image without labels.
    public var labels: [UInt8]?
    /// The position of the pixels in the native image.
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
        /// The size of the native image.
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

extension PreparedVolume {
    /// A label map on the prepared grid, brought back to the native grid of the image.
    ///
    /// Every native voxel takes the label of the nearest pixel; native voxels outside the prepared square are
    /// background (0).
    ///
    /// - Parameter labels: `[slice, row, column]`, `sliceCount × size × size`.
    /// - Precondition: `labels` fills the grid.
    public func restored(labels: [UInt8]) -> Volume {
        precondition(labels.count == grid.count, "\(labels.count) labels do not fill \(grid.count) places")
        let (columns, rows) = (grid.columns.inverted.nearest(), grid.rows.inverted.nearest())
        var voxels: [Float] = []
        voxels.reserveCapacity(grid.native.count)
        for k in 0..<sliceCount {
            for row in rows {
                for column in columns {
                    guard let row, let column else {
                        voxels.append(0)
                        continue
                    }
                    voxels.append(Float(labels[(k * size + row) * size + column]))
                }
            }
        }
        return Volume(extent: grid.native, spacing: grid.nativeSpacing, voxels: voxels)
    }

    /// The label map on the native grid of the image that follows from scores on the prepared grid.
    ///
    /// The scores of every class are interpolated linearly (with antialiasing where the native grid is the coarser
    /// one), and each native voxel takes the class with the highest: smoother outlines than restoring a label map.
    /// Native voxels outside the prepared square are background (0); equal scores go to the lower class.
    ///
    /// - Parameters:
    ///   - scores: Probabilities or logits, `[slice, row, column, class]`.
    ///   - classes: The number of classes, background included.
    /// - Precondition: `1 ≤ classes ≤ 256`, and the scores fill the grid.
    public func restored(scores: [Float], classes: Int) -> Volume {
        precondition((1...256).contains(classes), "\(classes) classes do not fit label maps of 1 … 256 classes")
        precondition(
            scores.count == grid.count * classes,
            "\(scores.count) scores do not fill \(grid.count) places × \(classes) classes")
        let (horizontal, vertical) = (LinearFilter(grid.columns.inverted), LinearFilter(grid.rows.inverted))
        let count = size * size * classes
        var voxels: [Float] = []
        voxels.reserveCapacity(grid.native.count)
        for k in 0..<sliceCount {
            let plane = LinearFilter.apply(
                rows: vertical, columns: horizontal, to: Array(scores[k * count..<(k + 1) * count]), channels: classes)
            for place in 0..<grid.native.y * grid.native.x {
                // Outside the square all scores are 0, and so the lowest class, the background, wins.
                var best = 0
                for c in 1..<classes where plane[place * classes + c] > plane[place * classes + best] { best = c }
                voxels.append(Float(best))
            }
        }
        return Volume(extent: grid.native, spacing: grid.nativeSpacing, voxels: voxels)
    }
}
