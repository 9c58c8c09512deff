/// A pipeline that converts native images to slices of uniform size, pixel spacing, and intensity range for a network.
///
/// It is applied to each 3-D volume (one time frame) independently:
///
/// 1. **Intensity**: Map the `intensityPercentiles` of the voxels near the center of the slices to 0 and 1, and clamp
///    to `intensityRange`. Near means inside the central square of `intensityWindow` mm: what surrounds the heart
///    there is much the same in all patients, while the whole field of view may contain more or less of arms, lungs,
///    and air.
/// 2. **Resampling**: Resample in the image plane to `spacing`, with an antialiased linear filter. The slice axis is
///    not resampled, because slices are 5 to 10 mm apart and interpolating across them invents anatomy. Labels are
///    resampled likewise, each as an image of its own, and every pixel takes the strongest.
/// 3. **Crop or pad**: Take `size × size` pixels around the image center; pixels outside the field of view are 0.
///
/// Steps 2 and 3 are one mapping: the center of the output grid is exactly the center of the native image, so there
/// is no rounding of sizes and no half-pixel shift. ``PreparedVolume/restored(labels:)`` maps a prediction back.
///
/// ```swift
/// let prepared = Preprocessing()(image, labels: labels)
/// // prepared.pixels: [slice, row, column], prepared.sliceCount × 144 × 144
/// ```
///
/// Published preprocessing for ACDC differs: Chaitanya et al. (NeurIPS 2020) correct the bias field (N4), map
/// p1 … p99 to 0 … 1 *without clipping*, resample to 1.36719 mm, and crop to 192 × 192; Zeng et al. (MICCAI 2021)
/// use z-scores, 1.25 mm, and 352 × 352, and clip to p1 … p99 for HVSMR only; nnU-Net uses z-scores at the median
/// spacing of the training set.
public struct Preprocessing: Hashable, Sendable {
    /// The distance between pixel centers of the prepared slices, in mm; the default is 1.5.
    public var spacing: Double
    /// The number of rows and columns of the prepared slices; the default is 144, which at 1.5 mm spans 216 mm.
    public var size: Int
    /// The intensity percentiles that are mapped to 0 and 1; the default is 1 and 99.
    public var intensityPercentiles: ClosedRange<Double>
    /// The side of the central square, in mm, in whose voxels, of all slices, the percentiles are taken; `nil` for the
    /// whole field of view. The default is 120.
    public var intensityWindow: Double?
    /// The range to which the mapped intensities are clamped; the default is 0 to 2.
    public var intensityRange: ClosedRange<Float>

    /// Creates a preprocessing pipeline with the given settings; the defaults are those described above.
    ///
    /// - Precondition: `spacing > 0`, `size > 0`, percentiles within 0 … 100, `intensityWindow > 0`, and a range that
    ///   contains 0.
    public init(
        spacing: Double = 1.5, size: Int = 144, intensityPercentiles: ClosedRange<Double> = 1...99,
        intensityWindow: Double? = 120, intensityRange: ClosedRange<Float> = 0...2
    ) {
        (self.spacing, self.size, self.intensityPercentiles) = (spacing, size, intensityPercentiles)
        (self.intensityWindow, self.intensityRange) = (intensityWindow, intensityRange)
        if let fault { preconditionFailure(fault) }
    }

    /// The first setting that is out of range, with its value, in one sentence; `nil` if all are valid.
    public var fault: String? {
        let fields: [(String, Bool)] = [
            ("spacing is \(spacing) mm", spacing > 0 && spacing.isFinite),
            ("size is \(size)", size > 0),
            (
                "intensityPercentiles are \(intensityPercentiles)",
                intensityPercentiles.lowerBound >= 0 && intensityPercentiles.upperBound <= 100
            ),
            (
                "intensityWindow is \(intensityWindow ?? 0) mm",
                intensityWindow.map { $0 > 0 && $0.isFinite } ?? true
            ),
            (
                "intensityRange is \(intensityRange)",
                intensityRange.contains(0) && intensityRange.upperBound > 0 && intensityRange.lowerBound > -100
                    && intensityRange.upperBound < 100
            ),
        ]
        return fields.first { !$0.1 }.map { "the preprocessing's \($0.0), which is out of range." }
    }

    /// Returns the prepared slices of one image, and of its labels if there are any.
    ///
    /// - Parameters:
    ///   - image: A native 3-D image of one time frame. Nonfinite voxels count as background.
    ///   - labels: The label map, of the same size: integers 0 … 255.
    /// - Precondition: `image` has one frame; `labels` has the size of `image`.
    /// - Complexity: O(voxels + slices · size²).
    public func callAsFunction(_ image: Volume, labels: Volume? = nil) -> PreparedVolume {
        self([image], labels: labels)
    }

    /// Returns the prepared slices of one image with several channels, each with its own range of intensities.
    ///
    /// - Parameters:
    ///   - channels: The channels of a native 3-D image of one time frame, at least one.
    ///   - labels: The label map, of the same size: integers 0 … 255.
    /// - Precondition: All have one frame and the same size.
    /// - Complexity: O(voxels + slices · size²).
    public func callAsFunction(_ channels: [Volume], labels: Volume? = nil) -> PreparedVolume {
        let image = channels[0]
        precondition(image.extent.frames == 1, "an image of \(image.extent) has several frames; prepare them singly")
        precondition(channels.allSatisfy { $0.extent == image.extent }, "the channels of an image differ in size")
        if let labels {
            precondition(
                labels.extent == image.extent,
                "labels of \(labels.extent) do not describe an image of \(image.extent)")
        }
        let grid = PreparedVolume.Grid(native: image.extent, nativeSpacing: image.spacing, spacing: spacing, size: size)
        let pixels = channels.map { channel in
            resampled(channel, from: Percentiles(of: central(channel)).range(intensityPercentiles), onto: grid)
        }
        return PreparedVolume(
            pixels: channels.count == 1 ? pixels[0] : Self.interleaved(pixels),
            labels: labels.map { strongest($0, onto: grid) },
            grid: grid)
    }

    /// Returns the pixels of several channels, one pixel after the other.
    private static func interleaved(_ channels: [[Float]]) -> [Float] {
        var pixels: [Float] = []
        pixels.reserveCapacity(channels.count * channels[0].count)
        for place in channels[0].indices { for channel in channels { pixels.append(channel[place]) } }
        return pixels
    }

    /// Returns the voxels of the central square of every slice; all voxels without a window.
    private func central(_ image: Volume) -> [Float] {
        guard let intensityWindow else { return image.voxels }
        let (extent, spacing) = (image.extent, image.spacing)
        func middle(_ count: Int, _ spacing: Double) -> Range<Int> {
            // Clamped as Double: the spacing is a number in a file.
            let side = max(1, min(Double(count), (intensityWindow / spacing).rounded(.up)))
            let first = (count - Int(side)) / 2
            return first..<first + Int(side)
        }
        let (columns, rows) = (middle(extent.x, spacing.x), middle(extent.y, spacing.y))
        if columns.count == extent.x, rows.count == extent.y { return image.voxels }
        var voxels: [Float] = []
        voxels.reserveCapacity(columns.count * rows.count * extent.slices)
        for slice in 0..<extent.slices {
            for row in rows {
                let start = (slice * extent.y + row) * extent.x
                voxels += image.voxels[start + columns.lowerBound..<start + columns.upperBound]
            }
        }
        return voxels
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
        let (least, most) = (intensityRange.lowerBound, intensityRange.upperBound)
        return [Float](unsafeUninitializedCapacity: grid.count) { pixels, filled in
            withUnsafeTemporaryAllocation(of: Float.self, capacity: plane) { slice in
                image.voxels.withUnsafeBufferPointer { voxels in
                    for k in 0..<image.extent.slices {
                        let source = voxels.baseAddress! + k * plane
                        for i in 0..<plane {
                            let value = source[i]
                            slice[i] = value.isFinite ? max(least, min(most, (value - low) * scale)) : 0
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

    /// Returns the labels' slices on the grid: each label of a slice is resampled as an image of zeros and ones, and
    /// every pixel takes the label with the highest value, the lower one of two that tie, and 0 outside the field of
    /// view.
    private func strongest(_ labels: Volume, onto grid: PreparedVolume.Grid) -> [UInt8] {
        let plane = labels.extent.x * labels.extent.y
        let (horizontal, vertical) = (LinearFilter(grid.columns), LinearFilter(grid.rows))
        var result: [UInt8] = []
        result.reserveCapacity(grid.count)
        for k in 0..<labels.extent.slices {
            let own = labels.voxels[k * plane..<(k + 1) * plane].map { $0 > 0 && $0 <= 255 ? UInt8($0) : 0 }
            let present = Set(own).union([0]).sorted()
            guard present.count > 1 else {
                result += repeatElement(0, count: size * size)
                continue
            }
            let channels = present.count
            var channelOf = [Int](repeating: 0, count: 256)
            for (channel, label) in present.enumerated() { channelOf[Int(label)] = channel }
            var indicators = [Float](repeating: 0, count: plane * channels)
            for (place, label) in own.enumerated() { indicators[place * channels + channelOf[Int(label)]] = 1 }
            let scores = LinearFilter.apply(
                rows: vertical, columns: horizontal, to: indicators, channels: channels)
            for place in 0..<size * size {
                var best = 0
                for c in 1..<channels where scores[place * channels + c] > scores[place * channels + best] { best = c }
                result.append(present[best])
            }
        }
        return result
    }
}

extension Preprocessing: Codable {
    private enum Key: String, CodingKey {
        case spacing, size, intensityPercentiles, intensityWindow, intensityRange
    }

    /// Decodes settings; those that versions before 0.2 did not have take the values that those versions used: the
    /// whole field of view, and intensities clamped to 0 … 1.
    public init(from decoder: any Decoder) throws {
        let object = try decoder.container(keyedBy: Key.self)
        spacing = try object.decode(Double.self, forKey: .spacing)
        size = try object.decode(Int.self, forKey: .size)
        intensityPercentiles = try object.decode(ClosedRange<Double>.self, forKey: .intensityPercentiles)
        intensityWindow = try object.decodeIfPresent(Double.self, forKey: .intensityWindow)
        intensityRange = try object.decodeIfPresent(ClosedRange<Float>.self, forKey: .intensityRange) ?? 0...1
        if let fault {
            throw DecodingError.dataCorrupted(.init(codingPath: object.codingPath, debugDescription: fault))
        }
    }
}
