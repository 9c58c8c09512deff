import Tensor

/// The pretext of painting what was covered: squares of an image are set to 0, a decoder draws the image from the
/// encoder's features, and what was covered is compared.
///
/// ```
/// L = 1/|M| Σ_{p ∈ M} (ŷ_p − y_p)²,   M the covered pixels of the batch
/// ```
///
/// ```swift
/// let covered = task.cover(images, using: &generator)
/// let value = task(decoder(encoder(tape.constant(covered.images))), images: images, mask: covered.mask)
/// ```
///
/// Source: the task is that of Pathak et al., "Context encoders: feature learning by inpainting", CVPR 2016, Eq. (1),
/// without its adversarial part, and the random squares of a grid are those of Xie et al., "SimMIM", CVPR 2022,
/// section 3. Half of the image in squares of an eighth of 64 pixels, covered by 0, is this package's choice; no paper
/// that FCL is compared with states such a row. The server averages encoder and decoder.
public struct ReconstructionTask: Hashable, Sendable, Codable {
    /// The extent of a square, in pixels.
    public var patch: Int
    /// The part of the squares that is covered.
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
    /// Each image draws its own `ratio` of them, rounded, and at least one.
    ///
    /// **Shapes** `[batch, height, width, channels]`, unchanged.
    ///
    /// - Precondition: rank 4, not empty.
    public func cover(_ images: Tensor, using generator: inout SeededGenerator) -> (images: Tensor, mask: Tensor) {
        let shape = images.shape
        precondition(
            shape.rank == 4 && shape.count > 0, "squares over \(shape): [batch, height, width, channels] wanted")
        let (height, width, channels) = (shape[1], shape[2], shape[3])
        let (rows, columns) = ((height + patch - 1) / patch, (width + patch - 1) / patch)
        let count = max(1, Int((ratio * Float(rows * columns)).rounded()))
        var (covered, mask) = (images, Tensor(zeros: shape))
        for image in 0..<shape[0] {
            for square in generator.permutation(of: rows * columns).prefix(count) {
                let (top, left) = (square / columns * patch, square % columns * patch)
                for row in top..<min(top + patch, height) {
                    let start = (image * height + row) * width
                    let run = (start + left) * channels..<(start + min(left + patch, width)) * channels
                    covered.withMutableElements { for index in run { $0[index] = 0 } }
                    mask.withMutableElements { for index in run { $0[index] = 1 } }
                }
            }
        }
        return (covered, mask)
    }

    /// The mean squared error over the covered pixels, a scalar, differentiable by the drawing.
    ///
    /// **Shapes** three times `[batch, height, width, channels]`.
    ///
    /// - Parameters:
    ///   - drawing: What the decoder drew.
    ///   - images: The images before they were covered.
    ///   - mask: 1 where they were covered, 0 elsewhere.
    /// - Precondition: equal shapes, and a covered pixel.
    public func callAsFunction(_ drawing: Variable, images: Tensor, mask: Tensor) -> Variable {
        let covered = mask.sum
        precondition(
            drawing.shape == images.shape && images.shape == mask.shape && covered > 0,
            "a drawing \(drawing.shape) of images \(images.shape), \(covered) pixels of them covered")
        let error = (drawing - drawing.tape.constant(images)) * drawing.tape.constant(mask)
        return sum(error * error) / Float(covered)
    }
}
