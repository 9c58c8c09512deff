import Features
import Foundation
import Tensor

/// The loss of SwAV, which predicts the code of one view of an image from the other view.
///
/// With projections z scaled to unit length, prototypes C of unit length, and codes Q computed by
/// ``sinkhornKnopp(_:epsilon:iterations:)`` from the scores z Cᵀ:
///
/// ```
/// (2)  ℓ(z_t, q_s) = −Σ_k q_s^k ln softmax(z_t Cᵀ / τ)^k
/// (1)  L           = 1/2 [ ℓ(z_t, q_s) + ℓ(z_s, q_t) ],   averaged over the batch
/// ```
///
/// Codes are constants. In small batches, they are computed together with those of earlier features, the queue, which
/// serves no other purpose.
///
/// ```swift
/// prototypes.normalize(&main)
/// let value = loss(head(encoder(a)), head(encoder(b)), prototypes: prototypes, queue: bank.contents)
/// ```
///
/// Source: Caron et al., "Unsupervised learning of visual features by contrasting cluster assignments", NeurIPS 2020,
/// section 3, with two crops of equal size. The factor 1/2, from its code, makes the loss a mean over crops. A single
/// queue for both views, where that code has one for each, is this package's choice. In FedSwAV, the server averages
/// encoder, projection head, and prototypes; the queue stays at its site, which is also this package's choice.
public struct SwAVLoss: Hashable, Sendable, Codable {
    /// The temperature τ of the predictions, dimensionless.
    public var temperature: Float
    /// The entropy weight ε of the codes, dimensionless.
    public var epsilon: Float

    /// Creates a loss.
    ///
    /// - Precondition: `temperature > 0` and `epsilon ≥ 0.01`.
    public init(temperature: Float = 0.1, epsilon: Float = 0.05) {
        precondition(
            temperature > 0 && temperature.isFinite && epsilon >= 0.01, "a temperature of \(temperature), ε \(epsilon)")
        (self.temperature, self.epsilon) = (temperature, epsilon)
    }

    /// Returns the mean over both views of the batch, a scalar, differentiable with respect to both and to the
    /// prototypes.
    ///
    /// If all features are equal, their codes are uniform, and the loss is at least the logarithm of the number of
    /// prototypes; it equals that logarithm if all prototypes are equal. A loss that stays there has collapsed.
    ///
    /// **Shapes** `first` and `second` `[batch, dimension]`, of any length: they are normalized here. Row i of both is
    /// the same image.
    ///
    /// - Parameters:
    ///   - first: The projections of one view of each image.
    ///   - second: The projections of the other view.
    ///   - prototypes: Prototypes that were normalized after their last change.
    ///   - queue: Features of earlier batches, such as those of a ``MemoryBank``; it may be empty.
    /// - Precondition: Equal shapes, not empty, with the dimension of the prototypes.
    public func callAsFunction(
        _ first: Variable, _ second: Variable, prototypes: Prototypes, queue: FeatureSet? = nil
    ) -> Variable {
        precondition(
            first.shape == second.shape && first.shape.rank == 2 && first.shape.count > 0
                && first.shape[1] == prototypes.weight.shape[1],
            "views \(first.shape) and \(second.shape) for prototypes \(prototypes.weight.shape)")
        let scores = [first, second].map { prototypes(l2Normalize($0)) }
        let earlier = queue.map { prototypes(first.tape.constant($0.vectors)).value }
        let codes = scores.map { code(of: $0.value, beside: earlier) }
        return (crossEntropy(scores[0], codes[1]) + crossEntropy(scores[1], codes[0])) / 2
    }

    /// Returns the codes of a batch, computed together with those of the queue.
    private func code(of scores: Tensor, beside earlier: Tensor?) -> Tensor {
        guard let earlier, earlier.count > 0 else { return sinkhornKnopp(scores, epsilon: epsilon) }
        let count = scores.shape[0] + earlier.shape[0]
        let all = Tensor(scores.elements + earlier.elements, shape: [count, scores.shape[1]])
        return sinkhornKnopp(all, epsilon: epsilon).rows(0..<scores.shape[0])
    }

    /// Returns ℓ(z, q), Eq. (2), averaged over the batch.
    private func crossEntropy(_ scores: Variable, _ codes: Tensor) -> Variable {
        sum(logSoftmax(scores / temperature) * scores.tape.constant(codes)) * (-1 / Float(codes.shape[0]))
    }

    /// Returns the loss when all features are equal, the logarithm of the number of prototypes.
    public static func constant(prototypes: Int) -> Double { log(Double(prototypes)) }
}
