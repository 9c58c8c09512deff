/// A pipeline that converts native images to slices of uniform size, pixel spacing, and intensity range for a network.
///
/// It is applied to each 3-D volume (one time frame) independently:
///
/// 1. **Intensity**: Clip to the `intensityPercentiles` of all voxels of the volume, then map that range to 0 … 1.
/// 2. **Resampling**: Resample in the image plane to `spacing`, with an antialiased linear filter. The slice axis is
///    not resampled, because slices are 5 to 10 mm apart and interpolating across them invents anatomy. Labels are
///    taken from the nearest voxel.
/// 3. **Crop or pad**: Take `size × size` pixels around the image center; pixels outside the field of view are 0.
///
/// Steps 2 and 3 are one mapping: the center of the output grid is exactly the center of the native image, so there
/// is no rounding of sizes and no half-pixel shift. ``PreparedVolume/restored(labels:)`` maps a prediction back.
///
/// ```swift
/// let prepared = Preprocessing()(image, labels: labels)
/// // prepared.pixels: [slice, row, column], prepared.sliceCount × 192 × 192
/// ```
///
/// Published preprocessing for ACDC differs: Chaitanya et al. (NeurIPS 2020) correct the bias field (N4), map
/// p1 … p99 to 0 … 1 *without clipping*, resample to 1.36719 mm, and crop to 192 × 192; Zeng et al. (MICCAI 2021)
/// use z-scores, 1.25 mm, and 352 × 352, and clip to p1 … p99 for HVSMR only; nnU-Net uses z-scores at the median
/// spacing of the training set.
public struct Preprocessing: Hashable, Sendable, Codable {
    /// The distance between pixel centers of the prepared slices, in mm; the default is 1.37.
    public var spacing: Double
    /// The number of rows and columns of the prepared slices; the default is 192, which at 1.37 mm spans 263 mm.
    public var size: Int
    /// The intensity percentiles of the volume that are mapped to 0 and 1; the default is 1 and 99.
    public var intensityPercentiles: ClosedRange<Double>

    /// Creates a preprocessing pipeline with the given settings; the defaults are those described above.
    ///
    /// - Precondition: `spacing > 0`, `size > 0`, percentiles within 0 … 100.
    public init(spacing: Double = 1.37, size: Int = 192, intensityPercentiles: ClosedRange<Double> = 1...99) {
        precondition(spacing > 0 && spacing.isFinite, "a pixel spacing of \(spacing) mm is not a length")
        precondition(size > 0, "slices of \(size) × \(size) pixels are empty")
        precondition(
            intensityPercentiles.lowerBound >= 0 && intensityPercentiles.upperBound <= 100,
            "percentiles \(intensityPercentiles) are outside 0 … 100")
        (self.spacing, self.size, self.intensityPercentiles) = (spacing, size, intensityPercentiles)
    }

    /// Returns the prepared slices of one image, and of its labels if there are any.
    ///
    /// - Parameters:
    ///   - image: A native 3-D image of one time frame. Nonfinite voxels count as background.
    ///   - labels: The label map, of the same size: integers 0 … 255.
    /// - Precondition: `image` has one frame; `labels` has the size of `image`.
    /// - Complexity: O(voxels + slices · size²).
    public func callAsFunction(_ image: Volume, labels: Volume? = nil) -> PreparedVolume {
        precondition(image.extent.frames == 1, "an image of \(image.extent) has several frames; prepare them singly")
        if let labels {
            precondition(
                labels.extent == image.extent,
                "labels of \(labels.extent) do not describe an image of \(image.extent)")
        }
        let grid = PreparedVolume.Grid(native: image.extent, nativeSpacing: image.spacing, spacing: spacing, size: size)
        let range = Percentiles(of: image.voxels).range(intensityPercentiles)
        return PreparedVolume(
            pixels: resampled(image, from: range, onto: grid),
            labels: labels.map { nearest($0, onto: grid) },
            grid: grid)
    }

    /// Returns the image's slices on the grid, with intensities mapped from `range` to 0 … 1.
    ///
    /// The intensity mapping precedes resampling, so that a clipped highlight spreads into its neighbors no more than
    /// any other bright pixel.
    private func resampled(_ image: Volume, from range: ClosedRange<Float>, onto grid: PreparedVolume.Grid) -> [Float] {
        let plane = image.extent.x * image.extent.y
        let horizontal = LinearFilter(grid.columns)
        let vertical = LinearFilter(grid.rows)
        let low = range.lowerBound
        let scale = range.upperBound > low ? 1 / (range.upperBound - low) : 0
        return [Float](unsafeUninitializedCapacity: grid.count) { pixels, filled in
            withUnsafeTemporaryAllocation(of: Float.self, capacity: plane) { slice in
                image.voxels.withUnsafeBufferPointer { voxels in
                    for k in 0..<image.extent.slices {
                        let source = voxels.baseAddress! + k * plane
                        for i in 0..<plane {
                            let value = source[i]
                            slice[i] = value.isFinite ? max(0, min(1, (value - low) * scale)) : 0
                        }
                        LinearFilter.apply(
                            rows: vertical, columns: horizontal, to: UnsafeBufferPointer(slice), channels: 1,
                            into: UnsafeMutableBufferPointer(
                                rebasing: pixels[k * size * size..<(k + 1) * size * size]))
                    }
                }
            }
            filled = grid.count
        }
    }

    /// Returns the labels' slices on the grid, with each pixel taken from the nearest native voxel and 0 outside the
    /// field of view.
    private func nearest(_ labels: Volume, onto grid: PreparedVolume.Grid) -> [UInt8] {
        let plane = labels.extent.x * labels.extent.y
        let (columns, rows) = (grid.columns.nearest(), grid.rows.nearest())
        var result: [UInt8] = []
        result.reserveCapacity(labels.extent.slices * size * size)
        for k in 0..<labels.extent.slices {
            for y in rows {
                for x in columns {
                    guard let x, let y else {
                        result.append(0)
                        continue
                    }
                    let label = labels.voxels[k * plane + y * labels.extent.x + x]
                    result.append(label > 0 && label <= 255 ? UInt8(label) : 0)
                }
            }
        }
        return result
    }
}
