import Foundation
import Tensor

/// The pretext task of predicting how many quarter turns an image was rotated by: four copies of each image, a linear
/// layer on top of the encoder, and cross-entropy over four classes.
///
/// ```swift
/// let copies = RotationTask.copies(of: images)                       // views without rotation or mirroring
/// let value = task(encoder(tape.constant(copies)))
/// ```
///
/// Pixels are moved, never interpolated. Augmentation must neither rotate nor mirror: it would change the answer or
/// reveal it through the zeros that enter at the edges. A loss that stays at ln 4 has learned nothing.
///
/// Source: Gidaris, Singh, and Komodakis, "Unsupervised representation learning by predicting image rotations", ICLR
/// 2018, section 2. The head on the mean over all pixels is this package's choice. In FedRotation, the server
/// averages encoder and head.
public struct RotationTask: Sendable {
    private let head: Linear

    /// Creates the head for encoders with `inputs` channels.
    ///
    /// The slots are `name.weight` and `name.bias`.
    public init(inputs: Int, name: String = "head.rotation", in builder: inout ParameterBuilder) {
        head = Linear(inputs: inputs, outputs: 4, name: name, in: &builder)
    }

    /// Returns all images unchanged, followed by all of them rotated counterclockwise by 90°, by 180°, and by 270°.
    ///
    /// **Shapes** `[batch, size, size, channels]` → `[4 · batch, size, size, channels]`.
    ///
    /// - Precondition: Rank 4 and square images.
    public static func copies(of images: Tensor) -> Tensor {
        precondition(
            images.shape.rank == 4 && images.shape[1] == images.shape[2],
            "rotations of \(images.shape): [batch, extent, extent, channels] wanted")
        let (batch, extent, channels) = (images.shape[0], images.shape[1], images.shape[3])
        let source = images.elements
        var target: [Float] = []
        target.reserveCapacity(4 * source.count)
        for turns in 0..<4 {
            for image in 0..<batch {
                for row in 0..<extent {
                    for column in 0..<extent {
                        // The source of the pixel that moves to (row, column).
                        let (i, j) =
                            switch turns {
                            case 0: (row, column)
                            case 1: (column, extent - 1 - row)
                            case 2: (extent - 1 - row, extent - 1 - column)
                            default: (extent - 1 - column, row)
                            }
                        let start = ((image * extent + i) * extent + j) * channels
                        for channel in 0..<channels { target.append(source[start + channel]) }
                    }
                }
            }
        }
        return Tensor(target, shape: [4 * batch, extent, extent, channels])
    }

    /// The loss of an encoder that has learned nothing, ln 4.
    public static let constant = log(4.0)

    /// Returns the scores (logits) of 0, 1, 2, and 3 quarter turns.
    ///
    /// **Shapes** `[n, height, width, inputs]` → `[n, 4]`.
    public func scores(_ features: Variable) -> Variable {
        head(globalAveragePool(features))
    }

    /// Returns the mean cross-entropy, a scalar, given the features of ``copies(of:)``.
    ///
    /// **Shapes** `[4 · batch, height, width, inputs]`.
    ///
    /// - Precondition: A multiple of four images, in the order of ``copies(of:)``.
    public func callAsFunction(_ features: Variable) -> Variable {
        let count = features.shape[0]
        precondition(count > 0 && count % 4 == 0, "\(count) images: expected four copies of each")
        return crossEntropy(scores(features), labels: (0..<count).map { $0 / (count / 4) })
    }
}
