/// A geometric and photometric transformation of one image and its labels.
///
/// The geometric map is sampled once, bilinearly, with zeros outside the image. Intensities lose resolution and are
/// blurred, then they are multiplied by a bias field, contrast, brightness, and gamma are changed, and noise is added.
public struct ImageTransform: Sendable {
    /// The affine map: the source of a pixel is `matrix · (pixel − center) + center + shift`, in pixels, rows first.
    public var matrix: (rowByRow: Float, rowByColumn: Float, columnByRow: Float, columnByColumn: Float) = (1, 0, 0, 1)
    /// The offset added to every source, in pixels.
    public var shift: (row: Float, column: Float) = (0, 0)
    /// The displacements of the control points of an elastic deformation, in pixels, each
    /// `[controlPoints, controlPoints]`; the points are a quarter of the image apart and interpolated with cubic
    /// B-splines.
    public var elastic: (rows: [Float], columns: [Float])?
    /// Whether the image is reduced to half its resolution, by averages of two rows and columns, and linearly
    /// interpolated again.
    public var hasLowResolution = false
    /// The standard deviation of a Gaussian blur, in pixels.
    public var blur: Float = 0
    /// The natural logarithm of a smooth factor at control points like those of the elastic deformation.
    public var biasField: [Float]?
    /// The factor applied to each intensity's difference from the mean.
    public var contrast: Float = 1
    /// The offset added to intensities.
    public var brightness: Float = 0
    /// The power to which intensities are raised.
    public var gamma: Float = 1
    /// The standard deviation of the noise.
    public var noise: Float = 0
    /// The random number generator for the noise.
    public var generator = SeededGenerator(seed: 0)

    /// The number of control points along an axis.
    public static let controlPoints = SmoothField.points

    /// The identity transform.
    public init() {}
}

extension Tensor {
    /// Returns the images after applying one transform to each.
    ///
    /// The computation uses all threads; results are bitwise identical for any number of threads.
    ///
    /// **Shapes** `[batch, height, width, channels]`, unchanged.
    ///
    /// - Precondition: Rank 4, and one transform per image.
    public func transformed(by transforms: [ImageTransform]) -> Tensor {
        transformed(by: transforms, labels: nil)
    }

    /// Returns the images after applying one transform to each, and transforms the labels of their pixels
    /// accordingly.
    ///
    /// Each label is taken from the nearest source; it is 0 (the background) where the result shows what lies outside
    /// the image.
    ///
    /// **Shapes** Images `[batch, height, width, channels]`; one label per pixel, row by row. Both unchanged.
    ///
    /// - Precondition: Rank 4, one transform per image, and as many labels as pixels.
    public func transformed(by transforms: [ImageTransform], labels: inout [UInt8]) -> Tensor {
        precondition(
            shape.rank == 4 && labels.count * shape[3] == count, "\(labels.count) labels for images of \(shape)")
        return labels.withUnsafeMutableBufferPointer { transformed(by: transforms, labels: $0.baseAddress) }
    }

    private func transformed(by transforms: [ImageTransform], labels: UnsafeMutablePointer<UInt8>?) -> Tensor {
        precondition(
            shape.rank == 4 && transforms.count == shape[0],
            "\(transforms.count) transforms of \(shape): [batch, height, width, channels] wanted")
        let extents = ImageExtents(height: shape[1], width: shape[2], channels: shape[3])
        let isSmooth = transforms.contains { $0.elastic != nil || $0.biasField != nil }
        let splines = isSmooth ? SmoothField.Splines(extents) : nil
        var result = self
        let images = result.mutablePointer()
        Parallel.forEach(transforms.count) { index in
            let transform = transforms[index]
            func field(_ values: [Float]) -> SmoothField { SmoothField(splines: splines!, values: values) }
            let warp = ImageWarp(
                extents: extents, matrix: transform.matrix, shift: transform.shift,
                elastic: transform.elastic.map { (field($0.rows), field($0.columns)) })
            let tone = ImageTone(
                hasLowResolution: transform.hasLowResolution, blur: transform.blur,
                biasField: transform.biasField.map(field), contrast: transform.contrast,
                brightness: transform.brightness, gamma: transform.gamma, noise: transform.noise)
            let image = images + index * extents.count
            warp.apply(to: image)
            if let labels { warp.apply(to: labels + index * extents.height * extents.width) }
            var generator = transform.generator
            tone.apply(to: image, extents, using: &generator)
        }
        return result
    }
}

/// The size of one image.
struct ImageExtents: Hashable, Sendable {
    let height: Int, width: Int, channels: Int
    var count: Int { height * width * channels }
}
