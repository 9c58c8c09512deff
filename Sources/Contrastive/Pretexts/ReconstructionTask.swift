import Tensor

/// The pretext task of inpainting: squares of an image are set to 0, a decoder reconstructs the image from the encoder's
/// features, and the masked pixels are compared.
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
/// Source: the task is that of Pathak et al., "Context encoders: feature learning by inpainting", CVPR 2016, Eq. (1),
/// without its adversarial part, and the random squares of a grid are those of Xie et al., "SimMIM", CVPR 2022,
/// section 3. Half of the image in squares of an eighth of 64 pixels, masked with 0, is this package's choice; no paper
/// that FCL is compared with has such a row. The server averages encoder and decoder.
public struct ReconstructionTask: Hashable, Sendable, Codable {
    /// The side of a square, in pixels.
    public var patch: Int
    /// The fraction of the squares that is masked.
    public var ratio: Float

    /// A task.
    ///
    /// - Precondition: `patch > 0` and a ratio above 0 and up to 1.
    public init(patch: Int = 8, ratio: Float = 0.5) {
        precondition(patch > 0 && ratio > 0 && ratio <= 1, "squares of \(patch) pixels over \(ratio) of the image")
        (self.patch, self.ratio) = (patch, ratio)
    }

    /// Images with squares set to 0, and a mask of their shape that is 1 there and 0 elsewhere.
    ///
    /// Every image is cut into a grid of squares from its upper left corner on; those at the far edges may be narrower.
    /// Each image has its own random `ratio` of them masked, rounded, and at least one.
    ///
    /// **Shapes** `[batch, height, width, channels]`, unchanged.
    ///
    /// - Precondition: rank 4, not empty.
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

    /// The mean squared error over the masked pixels, a scalar, differentiable with respect to the reconstruction.
    ///
    /// **Shapes** three times `[batch, height, width, channels]`.
    ///
    /// - Parameters:
    ///   - reconstruction: The output of the decoder.
    ///   - images: The images before masking.
    ///   - mask: 1 where they were masked, 0 elsewhere.
    /// - Precondition: equal shapes, and at least one masked pixel.
    public func callAsFunction(_ reconstruction: Variable, images: Tensor, mask: Tensor) -> Variable {
        let masked = mask.sum
        precondition(
            reconstruction.shape == images.shape && images.shape == mask.shape && masked > 0,
            "a reconstruction \(reconstruction.shape) of images \(images.shape), \(masked) pixels of them masked")
        let error = (reconstruction - reconstruction.tape.constant(images)) * reconstruction.tape.constant(mask)
        return sum(error * error) / Float(masked)
    }
}
