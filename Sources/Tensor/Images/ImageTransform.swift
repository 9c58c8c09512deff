/// A geometric and photometric change of one image and its labels.
///
/// Geometry is one map, sampled once, bilinearly, with zeros outside the image. Intensities are blurred, then changed in
/// contrast, brightness, and gamma, and noise is added.
public struct ImageTransform: Sendable {
    /// The source of a pixel is `matrix · (pixel − center) + center + shift`, in pixels; rows first.
    public var matrix: (rowByRow: Float, rowByColumn: Float, columnByRow: Float, columnByColumn: Float) = (1, 0, 0, 1)
    /// The offset of every source, in pixels.
    public var shift: (row: Float, column: Float) = (0, 0)
    /// The displacements of the control points of an elastic deformation, in pixels, each
    /// `[elasticPoints, elasticPoints]`; they lie a quarter of the image apart and are joined by cubic B-splines.
    public var elastic: (rows: [Float], columns: [Float])?
    /// The standard deviation of a Gaussian blur, in pixels.
    public var blur: Float = 0
    /// The factor of the difference between intensities and their mean.
    public var contrast: Float = 1
    /// The offset of intensities.
    public var brightness: Float = 0
    /// The power to which intensities are raised.
    public var gamma: Float = 1
    /// The standard deviation of the noise.
    public var noise: Float = 0
    /// The source of the noise.
    public var generator = SeededGenerator(seed: 0)

    /// The number of control points along an axis.
    public static let elasticPoints = ElasticField.points

    /// No change.
    public init() {}
}

extension Tensor {
    /// The images after one transform each, computed on all threads, with the same bits on any number of them.
    ///
    /// **Shapes** `[batch, height, width, channels]`, unchanged.
    ///
    /// - Precondition: rank 4, and one transform per image.
    public func transformed(by transforms: [ImageTransform]) -> Tensor {
        transformed(by: transforms, labels: nil)
    }

    /// The images after one transform each, and the labels of their pixels, which move with the image: each from the
    /// nearest source, 0 (the background) where the result shows what lies outside the image.
    ///
    /// **Shapes** images `[batch, height, width, channels]`, labels one per pixel, row by row; both unchanged.
    ///
    /// - Precondition: rank 4, one transform per image, as many labels as pixels.
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
        let splines = transforms.contains { $0.elastic != nil } ? ElasticField.Splines(extents) : nil
        var result = self
        let images = result.mutablePointer()
        Parallel.forEach(transforms.count) { index in
            let transform = transforms[index]
            let elastic = transform.elastic.flatMap { points in
                splines.map { ElasticField(splines: $0, downwards: points.rows, across: points.columns) }
            }
            let warp = ImageWarp(
                extents: extents, matrix: transform.matrix, shift: transform.shift, elastic: elastic)
            let tone = ImageTone(
                blur: transform.blur, contrast: transform.contrast, brightness: transform.brightness,
                gamma: transform.gamma, noise: transform.noise)
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
