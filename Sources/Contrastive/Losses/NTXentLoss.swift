import Features
import Foundation
import Tensor

/// The loss of SimCLR: a view is drawn to the other view of the same image and pushed away from all other views of the
/// batch.
///
/// With the projections z of two views each of N images, scaled to unit length, and further negatives n:
///
/// ```
/// ℓ(i, j) = −ln( e^{z_i·z_j/τ} / ( Σ_{k ≠ i} e^{z_i·z_k/τ} + Σ_n e^{z_i·n/τ} ) )
/// L       = 1/2N Σ_k [ ℓ(2k−1, 2k) + ℓ(2k, 2k−1) ]
/// ```
///
/// ```swift
/// let loss = NTXentLoss()
/// let value = loss(head(encoder(tape.constant(views))), head(encoder(tape.constant(otherViews))))
/// ```
///
/// Source: Chen et al., "A simple framework for contrastive learning of visual representations", ICML 2020, Eq. (1) and
/// Algorithm 1. The further negatives are FedCA's; see ``FedCALoss``. Without any it is the loss of FedSimCLR, where
/// the server averages encoder and projection head.
public struct NTXentLoss: Hashable, Sendable, Codable {
    /// The temperature τ, without dimension.
    public var temperature: Float

    /// A loss.
    ///
    /// - Precondition: `temperature > 0`.
    public init(temperature: Float = 0.1) {
        precondition(temperature > 0 && temperature.isFinite, "a temperature of \(temperature)")
        self.temperature = temperature
    }

    /// The mean over both views of all images, a scalar, differentiable by both.
    ///
    /// **Shapes** `first` and `second` `[batch, dimension]`, of any length: they are normalised here. Row i of both is
    /// the same image.
    ///
    /// - Parameters:
    ///   - first: Projections of one view of each image.
    ///   - second: Projections of the other view.
    ///   - negatives: Further negatives, constants of unit length.
    /// - Precondition: equal shapes, an image, and negatives of the same dimension.
    /// - Complexity: a matrix product of 2 `batch` by 2 `batch` + `negatives` by `dimension`, and two backwards.
    public func callAsFunction(_ first: Variable, _ second: Variable, negatives: FeatureSet? = nil) -> Variable {
        let z = l2Normalize(stackRows(first, second))
        let count = z.shape[0]
        // No view is compared with itself: beside similarities of at least −1, one of −10⁹ has no weight, yet is finite.
        var excluded = Tensor(zeros: [count, count])
        for row in 0..<count { excluded[row, row] = -1e9 }
        var scores = (matrixProduct(z, z, otherTransposed: true) + z.tape.constant(excluded)) / temperature
        if let negatives, negatives.count > 0 {
            precondition(
                negatives.dimension == z.shape[1],
                "negatives of dimension \(negatives.dimension) for projections \(first.shape)")
            scores = concatenate(
                scores,
                matrixProduct(z, z.tape.constant(negatives.vectors), otherTransposed: true) / temperature)
        }
        return crossEntropy(scores, labels: (0..<count).map { ($0 + count / 2) % count })
    }

    /// What the loss is when all features are equal, ln(2N − 1 + negatives): a loss that stays there has collapsed.
    public static func constant(batch: Int, negatives: Int = 0) -> Double {
        log(Double(2 * batch - 1 + negatives))
    }
}

/// The rows of one matrix above those of another of the same shape.
///
/// **Shapes** `[rows, columns]` twice → `[2 rows, columns]`.
///
/// - Precondition: equal shapes of rank 2, not empty.
func stackRows(_ first: Variable, _ second: Variable) -> Variable {
    let shape = first.shape
    precondition(
        shape.rank == 2 && shape == second.shape && shape.count > 0, "views of shapes \(shape) and \(second.shape)")
    let flat: Tensor.Shape = [1, shape.count]
    return reshape(
        concatenate(reshape(first, to: flat), reshape(second, to: flat)), to: [2 * shape[0], shape[1]])
}
