import Foundation
import Tensor

/// The loss of federated contrastive learning: a query is drawn to the keys of its partition, from its own site and from
/// others, and pushed away from the rest of the memory bank.
///
/// With features of unit length, the temperature τ, the keys P(q) of the batch in the partition of q, the sampled bank
/// Q′ and its negatives N:
///
/// ```
/// (3)  ℓ(q, P, Q′) = −1/|P| Σ_{k ∈ P} ln( e^{q·k/τ} / ( e^{q·k/τ} + Σ_{n ∈ N} e^{q·n/τ} ) )
///      L_local     = ℓ(q, P(q), Q′)
/// (4)  L_remote    = ℓ(q, Λ(q), Q′),   Λ(q) = { p ∈ Q′ : partition(p) = partition(q) }
/// (5)  L_q         = L_remote + L_local,   and L is the mean of L_q over the batch
/// ```
///
/// When all features are equal, ℓ = ln(1 + |N|) whatever the temperature: a loss that stays there has collapsed.
///
/// ```swift
/// let loss = FCLLoss(temperature: 0.1)
/// let (value, statistics) = loss(head(encoder(views)), partitions: partitions, keys: keys, bank: sample)
/// ```
///
/// Source: Wu et al., "Federated contrastive learning for volumetric medical image segmentation", MICCAI 2021,
/// section 2.3. Which entries of Q′ are negatives, and that L_remote of a query with an empty Λ(q) is left out, are this
/// package's reconstruction.
public struct FCLLoss: Hashable, Sendable, Codable {
    /// Which entries of the sampled bank are negatives, N.
    public enum Negatives: String, Hashable, Sendable, Codable, CaseIterable {
        /// Those of other partitions than the query's, as Fig. 2 of the paper labels them.
        case otherPartitions
        /// All of them, positives too, as Eq. (3) prints it.
        case literal
    }

    /// The temperature τ, without dimension.
    public var temperature: Float
    /// Which entries of the sampled bank are negatives.
    public var negatives: Negatives
    /// Whether L_remote is a part of L_q; without it, the paper's ablation of global structural matching.
    public var hasRemoteLoss: Bool

    /// A loss; τ = 0.1 is what the paper's authors use in related code.
    ///
    /// - Precondition: `temperature > 0`.
    public init(temperature: Float = 0.1, negatives: Negatives = .otherPartitions, hasRemoteLoss: Bool = true) {
        precondition(temperature > 0 && temperature.isFinite, "a temperature of \(temperature)")
        (self.temperature, self.negatives, self.hasRemoteLoss) = (temperature, negatives, hasRemoteLoss)
    }

    /// The loss of a batch, differentiable by the queries. Keys and bank are constants.
    ///
    /// With p_k = e^{q·k/τ} / (e^{q·k/τ} + Σ e^{q·n/τ}) and w_{n|k} = e^{q·n/τ} / (e^{q·k/τ} + Σ e^{q·n/τ}), the gradient
    /// is `∂ℓ/∂q = 1/(τ |P|) Σ_k [ −(1 − p_k) k + Σ_n w_{n|k} n ]`, and that by z follows from q = z / |z|.
    ///
    /// **Shapes** `queries [batch, dimension]`, of any length: they are normalised here.
    ///
    /// - Parameters:
    ///   - queries: z, the projections of the main encoder.
    ///   - partitions: The partition of each query.
    ///   - keys: The momentum encoder's features of the batch: those of a query's partition are its P(q).
    ///   - bank: The sampled bank Q′. It may be empty: the loss is 0 then.
    /// - Returns: The mean loss, a scalar, and what it consists of.
    /// - Precondition: equal dimensions, a partition for every query, and a key in the partition of each.
    /// - Complexity: four matrix products of `batch · dimension` by `keys` or `bank`, two of them backwards.
    public func callAsFunction(
        _ queries: Variable, partitions: [UInt8], keys: FeatureSet, bank: FeatureSet
    ) -> (loss: Variable, statistics: Statistics) {
        precondition(
            queries.shape.rank == 2 && queries.shape[1] == keys.dimension && queries.shape[1] == bank.dimension,
            "queries \(queries.shape), keys of dimension \(keys.dimension) and a bank of dimension \(bank.dimension)")
        precondition(
            queries.shape[0] == partitions.count && !partitions.isEmpty,
            "\(partitions.count) partitions for queries \(queries.shape)")
        let q = l2Normalize(queries)
        // Similarities, which become in place the derivatives of the sum of all L_q by them, times τ.
        var byKeys = q.value.matrixProduct(keys.features, otherTransposed: true)
        var byBank = q.value.matrixProduct(bank.features, otherTransposed: true)
        var statistics = Statistics()
        byKeys.withMutableElements { toKeys in
            byBank.withMutableElements { toBank in
                for (row, partition) in partitions.enumerated() {
                    let keyRow = UnsafeMutableBufferPointer(rebasing: toKeys[(row * keys.count)...].prefix(keys.count))
                    let bankRow = UnsafeMutableBufferPointer(rebasing: toBank[(row * bank.count)...].prefix(bank.count))
                    statistics += losses(
                        of: partition, toKeys: keyRow, of: keys.partitions, toBank: bankRow, of: bank.partitions)
                }
            }
        }
        let mean = Tensor(repeating: Float(statistics.mean), shape: [])
        let scale = 1 / (temperature * Float(partitions.count))
        let loss = q.tape.record(mean, operands: q.id) { [id = q.id] upstream, adjoints in
            var gradient = byKeys.matrixProduct(keys.features)
            if bank.count > 0 { gradient.add(byBank.matrixProduct(bank.features)) }
            gradient.scale(by: scale * upstream[])
            adjoints.add(gradient, to: id)
        }
        return (loss, statistics)
    }
}
