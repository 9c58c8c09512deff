import Foundation
import Tensor

/// The loss of local contrastive learning at one site, in which views of the same partition of any volume attract
/// each other and those of different partitions in the batch repel each other.
///
/// With the projections z of two views of each slice, scaled to unit length, the views P(i) of the same partition as
/// view i, excluding i itself, and the views N(i) of other partitions:
///
/// ```
/// ℓ(i, j) = −ln( e^{z_i·z_j/τ} / ( e^{z_i·z_j/τ} + Σ_{n ∈ N(i)} e^{z_i·z_n/τ} ) )
/// L       = mean over views i of 1/|P(i)| Σ_{j ∈ P(i)} ℓ(i, j)
/// ```
///
/// It is Eq. (3) of ``FCLLoss`` with the batch in place of the bank; gradients flow to both members of a pair.
///
/// Source: Chaitanya et al., "Contrastive learning of global and local features for medical image segmentation with
/// limited annotations", NeurIPS 2020, section 3, the global loss with the strategy G^D and its cross pairs. Equal
/// weights for all views, regardless of their number of positives, are this package's reconstruction: if all
/// partitions occur equally often, it is the paper's mean over pairs.
///
/// Each site trains alone. Federated fine-tuning starts from the average of the sites' encoders, which is also this
/// package's choice; projection heads are discarded without averaging.
public struct PartitionContrastiveLoss: Hashable, Sendable, Codable {
    /// The temperature τ, dimensionless.
    public var temperature: Float

    /// Creates a loss.
    ///
    /// - Precondition: `temperature > 0`.
    public init(temperature: Float = 0.1) {
        precondition(temperature > 0 && temperature.isFinite, "a temperature of \(temperature)")
        self.temperature = temperature
    }

    /// Returns the mean over both views of all slices, a scalar, differentiable with respect to both.
    ///
    /// **Shapes** `first` and `second` `[batch, dimension]`, of any length: they are normalized here. Row i of both is
    /// the same slice.
    ///
    /// - Parameters:
    ///   - first: The projections of one view of each slice.
    ///   - second: The projections of the other view.
    ///   - partitions: The partition of each slice.
    /// - Precondition: Equal shapes, at least one slice, and a partition for each.
    /// - Complexity: A matrix product of 2 `batch` by 2 `batch` by `dimension`, and two in the backward pass.
    public func callAsFunction(_ first: Variable, _ second: Variable, partitions: [UInt8]) -> Variable {
        precondition(
            first.shape[0] == partitions.count, "\(partitions.count) partitions for projections \(first.shape)")
        let z = l2Normalize(stackRows(first, second))
        let scores = matrixProduct(z, z, otherTransposed: true) / temperature
        let tags = partitions + partitions
        var (rows, total) = (scores.value.elements, 0.0)
        for (view, partition) in tags.enumerated() {
            total += Self.loss(of: view, in: partition, &rows, tags)
        }
        let gradient = Tensor(rows, shape: scores.shape)
        let count = Float(tags.count)
        let mean = Tensor(repeating: Float(total) / count, shape: [])
        return z.tape.record(mean, operands: scores.id) { [id = scores.id] upstream, adjoints in
            var share = gradient
            share.scale(by: upstream[] / count)
            adjoints.add(share, to: id)
        }
    }

    /// Returns the loss of one view from its row of scores z_i·z_j/τ, which are replaced by the gradient with respect
    /// to them, as in ``FCLLoss``.
    private static func loss(
        of view: Int, in partition: UInt8, _ scores: inout [Float], _ tags: [UInt8]
    ) -> Double {
        let start = view * tags.count
        let negatives = tags.indices.filter { tags[$0] != partition }
        let positives = tags.indices.filter { tags[$0] == partition && $0 != view }
        let largest = negatives.reduce(-Double.infinity) { max($0, Double(scores[start + $1])) }
        let sum = negatives.reduce(0) { $0 + exp(Double(scores[start + $1]) - largest) }
        let logNegatives = negatives.isEmpty ? -Double.infinity : largest + log(sum)
        // The total push of all positives on the negatives: Σ (1 − p_j) / |P|.
        var (loss, push) = (0.0, 0.0)
        for positive in positives {
            let (value, miss) = infoNCE(positive: Double(scores[start + positive]), logNegatives: logNegatives)
            let share = miss / Double(positives.count)
            loss += value / Double(positives.count)
            push += share
            scores[start + positive] = Float(-share)
        }
        for negative in negatives {
            scores[start + negative] = Float(push * exp(Double(scores[start + negative]) - logNegatives))
        }
        scores[start + view] = 0
        return loss
    }

    /// Returns the value of the loss when all features are equal, the mean of ln(1 + |N|): a loss that stays there
    /// has collapsed.
    public static func constant(partitions: [UInt8]) -> Double {
        let logarithms = partitions.map { own in log1p(Double(2 * partitions.count { $0 != own })) }
        return logarithms.reduce(0, +) / Double(partitions.count)
    }
}
