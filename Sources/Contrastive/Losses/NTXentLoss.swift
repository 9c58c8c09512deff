import Features
import Foundation
import Tensor

/// The loss of SimCLR, which pulls a view toward the other view of the same image and pushes it away from all other
/// views of the batch.
///
/// With the projections z of two views each of N images, scaled to unit length, and additional negatives n:
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
/// Source: Chen et al., "A simple framework for contrastive learning of visual representations", ICML 2020, Eq. (1)
/// and Algorithm 1. The additional negatives are those of FedCA; see ``FedCALoss``. Without them, this is the loss of
/// FedSimCLR, where the server averages encoder and projection head.
public struct NTXentLoss: Hashable, Sendable, Codable {
    /// The temperature τ, dimensionless.
    public var temperature: Float

    /// Creates a loss.
    ///
    /// - Precondition: `temperature > 0`.
    public init(temperature: Float = 0.1) {
        precondition(temperature > 0 && temperature.isFinite, "a temperature of \(temperature)")
        self.temperature = temperature
    }

    /// Returns the mean over both views of all images, a scalar, differentiable with respect to both.
    ///
    /// **Shapes** `first` and `second` `[batch, dimension]`, of any length: they are normalized here. Row i of both is
    /// the same image.
    ///
    /// - Parameters:
    ///   - first: The projections of one view of each image.
    ///   - second: The projections of the other view.
    ///   - negatives: Additional negatives, constants of unit length.
    /// - Precondition: Equal shapes, at least one image, and negatives of the same dimension.
    /// - Complexity: A matrix product of 2 `batch` by 2 `batch` + `negatives` by `dimension`, and two in the backward
    ///   pass.
    public func callAsFunction(_ first: Variable, _ second: Variable, negatives: FeatureSet? = nil) -> Variable {
        let z = l2Normalize(stackRows(first, second))
        let count = z.shape[0]
        // Exclude each view's similarity to itself: next to similarities of at least −1, −10⁹ has no weight, yet is
        // finite.
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

    /// Returns the value of the loss when all features are equal, ln(2N − 1 + negatives): a loss that stays there has
    /// collapsed.
    public static func constant(batch: Int, negatives: Int = 0) -> Double {
        log(Double(2 * batch - 1 + negatives))
    }
}

/// Stacks the rows of one matrix above those of another of the same shape.
///
/// **Shapes** `[rows, columns]` twice → `[2 rows, columns]`.
///
/// - Precondition: Equal shapes of rank 2, not empty.
func stackRows(_ first: Variable, _ second: Variable) -> Variable {
    let shape = first.shape
    precondition(
        shape.rank == 2 && shape == second.shape && shape.count > 0, "views of shapes \(shape) and \(second.shape)")
    let flat: Tensor.Shape = [1, shape.count]
    return reshape(
        concatenate(reshape(first, to: flat), reshape(second, to: flat)), to: [2 * shape[0], shape[1]])
}
