import Tensor

/// The pretext task of inpainting.
///
/// Squares of an image are set to 0, a decoder reconstructs the image from the encoder's features, and the masked
/// pixels are compared.
///
/// ```
/// L = 1/|M| Σ_{p ∈ M} (ŷ_p − y_p)²,   M the masked pixels of the batch
/// ```
///
/// ```swift
/// let masked = task.mask(images, using: &generator)
/// let value = task(decoder(encoder(tape.constant(masked.images))), images: images, mask: masked.mask)
/// ```
///
/// Source: The task is that of Pathak et al., "Context encoders: feature learning by inpainting", CVPR 2016, Eq. (1),
/// without its adversarial part; the random squares of a grid are those of Xie et al., "SimMIM", CVPR 2022, section
/// 3. Masking half of the image with 0, in squares of an eighth of 64 pixels, is this package's choice; no paper that
/// FCL is compared with has such a row. The server averages encoder and decoder.
public struct ReconstructionTask: Hashable, Sendable, Codable {
    /// The side of a square, in pixels.
    public var patch: Int
    /// The fraction of the squares to mask.
    public var ratio: Float

    /// Creates a task.
    ///
    /// - Precondition: `patch > 0`, and `ratio` greater than 0 and at most 1.
    public init(patch: Int = 8, ratio: Float = 0.5) {
        precondition(patch > 0 && ratio > 0 && ratio <= 1, "squares of \(patch) pixels over \(ratio) of the image")
        (self.patch, self.ratio) = (patch, ratio)
    }

    /// Returns images with squares set to 0, and a mask of their shape that is 1 in the squares and 0 elsewhere.
    ///
    /// Every image is divided into a grid of squares starting at its upper-left corner; those at the far edges may be
    /// narrower. For each image, an independent random selection of `ratio` of the squares, rounded and at least one,
    /// is masked.
    ///
    /// **Shapes** `[batch, height, width, channels]`, unchanged.
    ///
    /// - Precondition: Rank 4, not empty.
    public func mask(_ images: Tensor, using generator: inout SeededGenerator) -> (images: Tensor, mask: Tensor) {
        let shape = images.shape
        precondition(
            shape.rank == 4 && shape.count > 0, "squares over \(shape): [batch, height, width, channels] wanted")
        let (height, width, channels) = (shape[1], shape[2], shape[3])
        let (rows, columns) = ((height + patch - 1) / patch, (width + patch - 1) / patch)
        let count = max(1, Int((ratio * Float(rows * columns)).rounded()))
        var (pixels, mask) = (images.elements, [Float](repeating: 0, count: shape.count))
        for image in 0..<shape[0] {
            for square in generator.permutation(of: rows * columns).prefix(count) {
                let (top, left) = (square / columns * patch, square % columns * patch)
                for row in top..<min(top + patch, height) {
                    let start = (image * height + row) * width
                    for index in (start + left) * channels..<(start + min(left + patch, width)) * channels {
                        (pixels[index], mask[index]) = (0, 1)
                    }
                }
            }
        }
        return (Tensor(pixels, shape: shape), Tensor(mask, shape: shape))
    }

    /// Returns the mean squared error over the masked pixels, a scalar, differentiable with respect to the
    /// reconstruction.
    ///
    /// **Shapes** All `[batch, height, width, channels]`.
    ///
    /// - Parameters:
    ///   - reconstruction: The output of the decoder.
    ///   - images: The images before masking.
    ///   - mask: 1 where pixels are masked, 0 elsewhere.
    /// - Precondition: Equal shapes, and at least one masked pixel.
    public func callAsFunction(_ reconstruction: Variable, images: Tensor, mask: Tensor) -> Variable {
        let masked = mask.sum
        precondition(
            reconstruction.shape == images.shape && images.shape == mask.shape && masked > 0,
            "a reconstruction \(reconstruction.shape) of images \(images.shape), \(masked) pixels of them masked")
        let error = (reconstruction - reconstruction.tape.constant(images)) * reconstruction.tape.constant(mask)
        return sum(error * error) / Float(masked)
    }
}
