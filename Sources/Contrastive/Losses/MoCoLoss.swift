import Features
import Foundation
import Tensor

/// The loss of momentum contrast, InfoNCE with a queue.
///
/// It pulls a query toward the key of its own image and pushes it away from everything in the queue, regardless of
/// the anatomy.
///
/// With queries q and keys k of unit length, and the queue's K features n:
///
/// ```
/// L_q = −ln( e^{q·k/τ} / ( e^{q·k/τ} + Σ_n e^{q·n/τ} ) ),   and L is the mean over the batch
/// ```
///
/// The keys come from a ``MomentumEncoder`` and the queue is a ``MemoryBank``, whose partitions and sites are
/// ignored; keys are pushed after the step, so that no key is its own negative.
///
/// ```swift
/// let value = loss(head(encoder(tape.constant(views))), keys: keys, queue: bank.contents)
/// bank.push(keys)
/// ```
///
/// Source: He et al., "Momentum contrast for unsupervised visual representation learning", CVPR 2020, Eq. (1); τ =
/// 0.2 and the two-layer head follow Chen et al., "Improved baselines with momentum contrastive learning",
/// arXiv:2003.04297, section 3. In FedMoCo, the server averages encoder and projection head; the queue stays at its
/// site, which is this package's choice.
public struct MoCoLoss: Hashable, Sendable, Codable {
    /// The temperature τ, dimensionless.
    public var temperature: Float

    /// Creates a loss.
    ///
    /// - Precondition: `temperature > 0`.
    public init(temperature: Float = 0.2) {
        precondition(temperature > 0 && temperature.isFinite, "a temperature of \(temperature)")
        self.temperature = temperature
    }

    /// Returns the mean over the batch, a scalar, differentiable with respect to the queries.
    ///
    /// Keys and queue are constants.
    ///
    /// **Shapes** `queries [batch, dimension]`, of any length: they are normalized here.
    ///
    /// - Parameters:
    ///   - queries: The projections of the main encoder.
    ///   - keys: The momentum encoder's features of other views of the same images, in the same order.
    ///   - queue: The negatives. The queue may be empty, in which case the loss is 0.
    /// - Precondition: Equal dimensions, and a key for each query.
    /// - Complexity: A matrix product of `batch` by `queue` by `dimension`, and another in the backward pass.
    public func callAsFunction(_ queries: Variable, keys: FeatureSet, queue: FeatureSet) -> Variable {
        precondition(
            queries.shape == keys.vectors.shape && keys.count > 0 && queue.dimension == keys.dimension,
            "queries \(queries.shape), keys \(keys.vectors.shape) and a queue \(queue.vectors.shape)")
        let (q, tape) = (l2Normalize(queries), queries.tape)
        // q·k per row: elementwise products, summed by multiplication with a column of ones.
        let ones = tape.constant(Tensor(repeating: 1, shape: [keys.dimension, 1]))
        var similarities = matrixProduct(q * tape.constant(keys.vectors), ones)
        if queue.count > 0 {
            similarities = concatenate(
                similarities, matrixProduct(q, tape.constant(queue.vectors), otherTransposed: true))
        }
        return crossEntropy(similarities / temperature, labels: Array(repeating: 0, count: keys.count))
    }

    /// Returns the value of the loss when all features are equal, ln(1 + negatives): a loss that stays there has
    /// collapsed.
    public static func constant(negatives: Int) -> Double { log1p(Double(negatives)) }
}
