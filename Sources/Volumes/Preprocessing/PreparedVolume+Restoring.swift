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
