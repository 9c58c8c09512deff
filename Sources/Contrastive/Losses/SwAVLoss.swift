import Features
import Foundation
import Tensor

/// The loss of SwAV: from one view of an image, the code of the other view is predicted.
///
/// With projections z scaled to unit length, prototypes C of unit length, and codes Q by ``sinkhornKnopp(_:epsilon:iterations:)``
/// of the scores z Cᵀ:
///
/// ```
/// (2)  ℓ(z_t, q_s) = −Σ_k q_s^k ln softmax(z_t Cᵀ / τ)^k
/// (1)  L           = 1/2 [ ℓ(z_t, q_s) + ℓ(z_s, q_t) ],   averaged over the batch
/// ```
///
/// Codes draw no gradient. In small batches they are computed together with those of earlier features, the queue, which
/// serve for nothing else.
///
/// ```swift
/// prototypes.normalize(&main)
/// let value = loss(head(encoder(a)), head(encoder(b)), prototypes: prototypes, queue: bank.contents)
/// ```
///
/// Source: Caron et al., "Unsupervised learning of visual features by contrasting cluster assignments", NeurIPS 2020,
/// section 3, with two crops of equal size. The factor 1/2, from its code, makes it a mean over crops. One queue for both
/// views, where that code has one for each, is this package's choice. In FedSwAV the server averages encoder, projection
/// head and prototypes; the queue stays at its site, which is this package's choice too.
public struct SwAVLoss: Hashable, Sendable, Codable {
    /// The temperature τ of the predictions, without dimension.
    public var temperature: Float
    /// ε of the codes, without dimension.
    public var epsilon: Float

    /// A loss.
    ///
    /// - Precondition: `temperature > 0` and `epsilon ≥ 0.01`.
    public init(temperature: Float = 0.1, epsilon: Float = 0.05) {
        precondition(
            temperature > 0 && temperature.isFinite && epsilon >= 0.01, "a temperature of \(temperature), ε \(epsilon)")
        (self.temperature, self.epsilon) = (temperature, epsilon)
    }

    /// The mean over both views of the batch, a scalar, differentiable by both and by the prototypes.
    ///
    /// When all features are equal their codes are even, and no loss is below the logarithm of the number of prototypes; it
    /// is that logarithm when all prototypes are equal. A loss that stays there has collapsed.
    ///
    /// **Shapes** `first` and `second` `[batch, dimension]`, of any length: they are normalised here. Row i of both is
    /// the same image.
    ///
    /// - Parameters:
    ///   - first: Projections of one view of each image.
    ///   - second: Projections of the other view.
    ///   - prototypes: Prototypes that were normalised after they changed last.
    ///   - queue: Features of earlier batches, such as a ``MemoryBank``'s; it may be empty.
    /// - Precondition: equal shapes, not empty, and the dimension of the prototypes.
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

    /// The codes of a batch, computed together with those of the queue.
    private func code(of scores: Tensor, beside earlier: Tensor?) -> Tensor {
        guard let earlier, earlier.count > 0 else { return sinkhornKnopp(scores, epsilon: epsilon) }
        let count = scores.shape[0] + earlier.shape[0]
        let all = Tensor(scores.elements + earlier.elements, shape: [count, scores.shape[1]])
        return sinkhornKnopp(all, epsilon: epsilon).rows(0..<scores.shape[0])
    }

    /// ℓ(z, q), Eq. (2), averaged over the batch.
    private func crossEntropy(_ scores: Variable, _ codes: Tensor) -> Variable {
        sum(logSoftmax(scores / temperature) * scores.tape.constant(codes)) * (-1 / Float(codes.shape[0]))
    }

    /// The loss when all features are equal, the logarithm of the number of prototypes.
    public static func constant(prototypes: Int) -> Double { log(Double(prototypes)) }
}
