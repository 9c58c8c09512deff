/// The slices of one 3-D image on the network's grid, with the mapping back to the native grid.
public struct PreparedVolume: Sendable, Equatable {
    /// The intensities, most of them from 0 to 1: `[slice, row, column, channel]`, row-major,
    /// `sliceCount × size × size × channelCount`; the row index runs along the image's y axis, the column index along x.
    public var pixels: [Float]
    /// The label of each pixel, `[slice, row, column]`; `nil` for an image without labels.
    public var labels: [UInt8]?
    /// The position of the pixels in the native image.
    public let grid: Grid

    /// Creates a volume from pixels and labels on a grid.
    ///
    /// - Precondition: Both arrays fill the grid, the pixels with one or more channels.
    public init(pixels: [Float], labels: [UInt8]? = nil, grid: Grid) {
        precondition(
            pixels.count.isMultiple(of: grid.count) && !pixels.isEmpty,
            "\(pixels.count) pixels do not fill \(grid.count) places")
        precondition(
            labels.map { $0.count == grid.count } ?? true,
            "\(labels?.count ?? 0) labels do not fill \(grid.count) places")
        (self.pixels, self.labels, self.grid) = (pixels, labels, grid)
    }

    /// The number of slices.
    public var sliceCount: Int { grid.native.slices }
    /// The number of rows and columns of a slice.
    public var size: Int { grid.size }
    /// The number of channels of a pixel.
    public var channelCount: Int { pixels.count / grid.count }

    /// Returns the pixels of one slice: `[row, column, channel]`.
    ///
    /// - Precondition: `0 ≤ index < sliceCount`.
    public func slice(_ index: Int) -> ArraySlice<Float> {
        precondition((0..<sliceCount).contains(index), "slice \(index) of \(sliceCount)")
        let count = pixels.count / sliceCount
        return pixels[index * count..<(index + 1) * count]
    }

    /// A square pixel grid, concentric with the slices of a native image.
    public struct Grid: Hashable, Sendable, Codable {
        /// The size of the native image.
        public let native: Volume.Extent
        /// The spacing of the native image, in mm.
        public let nativeSpacing: Volume.Spacing
        /// The spacing of the grid in both in-plane directions, in mm.
        public let spacing: Double
        /// The number of rows and columns.
        public let size: Int

        /// Creates a grid of `size × size` pixels, `spacing` mm apart, for every slice of a native image.
        public init(native: Volume.Extent, nativeSpacing: Volume.Spacing, spacing: Double, size: Int) {
            (self.native, self.nativeSpacing, self.spacing, self.size) = (native, nativeSpacing, spacing, size)
        }

        /// The number of pixels in all slices.
        public var count: Int { native.slices * size * size }

        /// The map from columns to native x.
        var columns: AxisMap { AxisMap(from: native.x, nativeSpacing.x, to: size, spacing) }
        /// The map from rows to native y.
        var rows: AxisMap { AxisMap(from: native.y, nativeSpacing.y, to: size, spacing) }
    }
}

extension PreparedVolume {
    /// Returns a label map on the prepared grid, mapped back to the native grid of the image.
    ///
    /// Every native voxel takes the label of the nearest pixel; native voxels outside the prepared square are
    /// background (0).
    ///
    /// - Parameter labels: The label map, `[slice, row, column]`, `sliceCount × size × size`.
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

    /// Returns values on the prepared grid, interpolated linearly to the native grid of the image.
    ///
    /// - Parameter values: One value for each pixel, `[slice, row, column]`; native voxels outside the prepared square are
    ///   0.
    /// - Precondition: The values fill the grid.
    public func restored(values: [Float]) -> Volume {
        precondition(values.count == grid.count, "\(values.count) values do not fill \(grid.count) places")
        let (horizontal, vertical) = (LinearFilter(grid.columns.inverted), LinearFilter(grid.rows.inverted))
        let count = size * size
        var voxels: [Float] = []
        voxels.reserveCapacity(grid.native.count)
        for k in 0..<sliceCount {
            voxels += LinearFilter.apply(
                rows: vertical, columns: horizontal, to: Array(values[k * count..<(k + 1) * count]), channels: 1)
        }
        return Volume(extent: grid.native, spacing: grid.nativeSpacing, voxels: voxels)
    }

    /// Computes a label map on the native grid of the image from scores on the prepared grid.
    ///
    /// The scores of every class are interpolated linearly (with antialiasing if the native grid is coarser), and each
    /// native voxel takes the class with the highest score. This gives smoother contours than restoring a label map.
    /// Native voxels outside the prepared square are background (0); ties go to the lower class.
    ///
    /// - Parameters:
    ///   - scores: Probabilities or logits, `[slice, row, column, class]`.
    ///   - classes: The number of classes, including the background.
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
                // Outside the square all scores are 0, so the lowest class, the background, wins.
                var best = 0
                for c in 1..<classes where plane[place * classes + c] > plane[place * classes + best] { best = c }
                voxels.append(Float(best))
            }
        }
        return Volume(extent: grid.native, spacing: grid.nativeSpacing, voxels: voxels)
    }
}
