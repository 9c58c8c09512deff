import Features
import Foundation
import Tensor

/// The loss of federated contrastive learning.
///
/// It pulls a query toward the keys of its partition, from its own site and from others, and pushes it away from the
/// rest of the memory bank.
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
/// If all features are equal, ℓ = ln(1 + |N|) for any temperature: a loss that stays there has collapsed.
///
/// ```swift
/// let loss = FCLLoss(temperature: 0.1)
/// let (value, statistics) = loss(head(encoder(views)), partitions: partitions, keys: keys, bank: sample)
/// ```
///
/// Source: Wu et al., "Federated contrastive learning for volumetric medical image segmentation", MICCAI 2021,
/// section 2.3. The choice of negatives in Q′, and dropping L_remote of a query with an empty Λ(q), are this
/// package's reconstruction.
public struct FCLLoss: Hashable, Sendable, Codable {
    /// The entries of the sampled bank that are negatives, N.
    public enum Negatives: String, Hashable, Sendable, Codable, CaseIterable {
        /// Entries of partitions other than the query's, as Fig. 2 of the paper labels them.
        case otherPartitions
        /// All entries, including positives, as printed in Eq. (3).
        case literal
    }

    /// The temperature τ, dimensionless.
    public var temperature: Float
    /// The entries of the sampled bank that are negatives.
    public var negatives: Negatives
    /// Whether L_q includes L_remote; without it, this is the paper's ablation of global structural matching.
    public var hasRemoteLoss: Bool

    /// Creates a loss; the paper's authors use τ = 0.1 in related code.
    ///
    /// - Precondition: `temperature > 0`.
    public init(temperature: Float = 0.1, negatives: Negatives = .otherPartitions, hasRemoteLoss: Bool = true) {
        precondition(temperature > 0 && temperature.isFinite, "a temperature of \(temperature)")
        (self.temperature, self.negatives, self.hasRemoteLoss) = (temperature, negatives, hasRemoteLoss)
    }

    /// Returns the loss of a batch, differentiable with respect to the queries.
    ///
    /// Keys and bank are constants.
    ///
    /// With p_k = e^{q·k/τ} / (e^{q·k/τ} + Σ e^{q·n/τ}) and w_{n|k} = e^{q·n/τ} / (e^{q·k/τ} + Σ e^{q·n/τ}), the
    /// gradient is `∂ℓ/∂q = 1/(τ |P|) Σ_k [ −(1 − p_k) k + Σ_n w_{n|k} n ]`; the gradient with respect to z follows
    /// from q = z / |z|.
    ///
    /// **Shapes** `queries [batch, dimension]`, of any length: they are normalized here.
    ///
    /// - Parameters:
    ///   - queries: z, the projections of the main encoder.
    ///   - partitions: The partition of each query.
    ///   - keys: The momentum encoder's features of the batch; those in a query's partition are its P(q).
    ///   - bank: The sampled bank Q′. It may be empty, in which case the loss is 0.
    /// - Returns: The mean loss, a scalar, and its components.
    /// - Precondition: Equal dimensions, a partition for every query, and a key in the partition of each.
    /// - Complexity: Four matrix products of `batch · dimension` by `keys` or `bank`, two of them in the backward
    ///   pass.
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
        // Rows of similarities, replaced in place by the gradients of the sum of all L_q with respect to them, times
        // τ.
        var toKeys = q.value.matrixProduct(keys.vectors, otherTransposed: true).elements
        var toBank = q.value.matrixProduct(bank.vectors, otherTransposed: true).elements
        var statistics = Statistics()
        for (row, partition) in partitions.enumerated() {
            statistics += loss(
                ofQuery: row, in: partition, toKeys: &toKeys, of: keys.partitions, toBank: &toBank, of: bank.partitions)
        }
        let byKeys = Tensor(toKeys, shape: [partitions.count, keys.count])
        let byBank = Tensor(toBank, shape: [partitions.count, bank.count])
        let mean = Tensor(repeating: Float(statistics.mean), shape: [])
        let scale = 1 / (temperature * Float(partitions.count))
        let loss = q.tape.record(mean, operands: q.id) { [id = q.id] upstream, adjoints in
            var gradient = byKeys.matrixProduct(keys.vectors)
            if bank.count > 0 { gradient.add(byBank.matrixProduct(bank.vectors)) }
            gradient.scale(by: scale * upstream[])
            adjoints.add(gradient, to: id)
        }
        return (loss, statistics)
    }

    /// Returns the losses of one query, Eqs. (3) to (5), from its rows of similarities q·k and q·n, which are
    /// replaced by τ ∂L_q/∂(q·k) and τ ∂L_q/∂(q·n).
    ///
    /// All terms follow from the logarithm of the negatives' sum, `ln N = ln Σ e^{q·n/τ}`, shifted by the largest
    /// term.
    private func loss(
        ofQuery row: Int, in partition: UInt8, toKeys: inout [Float], of keyPartitions: [UInt8],
        toBank: inout [Float], of bankPartitions: [UInt8]
    ) -> Statistics {
        let inverse = 1 / Double(temperature)
        let (keyStart, bankStart) = (row * keyPartitions.count, row * bankPartitions.count)
        var statistics = Statistics()
        var (local, remote, negativeCount) = (0, 0, 0)
        for index in keyPartitions.indices where keyPartitions[index] == partition {
            local += 1
            statistics.keys.add(Double(toKeys[keyStart + index]))
        }
        precondition(local > 0, "no key lies in partition \(partition) of a query")

        var largest = -Double.infinity
        for index in bankPartitions.indices {
            let similarity = Double(toBank[bankStart + index])
            if bankPartitions[index] == partition {
                remote += 1
                statistics.positives.add(similarity)
                if negatives == .otherPartitions { continue }
            } else {
                statistics.negatives.add(similarity)
            }
            negativeCount += 1
            largest = max(largest, similarity * inverse)
        }
        // e^{q·n/τ} of each negative over the largest, 0 of the others.
        var exponentials = [Double](repeating: 0, count: bankPartitions.count)
        var sum = 0.0
        for index in bankPartitions.indices where negatives == .literal || bankPartitions[index] != partition {
            exponentials[index] = exp(Double(toBank[bankStart + index]) * inverse - largest)
            sum += exponentials[index]
        }
        let logNegatives = sum == 0 ? -Double.infinity : largest + log(sum)
        let constant = log1p(Double(negativeCount))

        // The total pull of all positives on the negatives: Σ (1 − p_k) / |P|.
        var pull = 0.0
        /// Returns the loss of one of `count` positives, and replaces its similarity with −(1 − p_k) / |P|.
        func attract(_ similarity: inout Float, _ count: Int) -> Double {
            let (loss, miss) = infoNCE(positive: Double(similarity) * inverse, logNegatives: logNegatives)
            pull += miss / Double(count)
            similarity = Float(-miss / Double(count))
            return loss / Double(count)
        }

        var loss = 0.0
        for index in keyPartitions.indices {
            if keyPartitions[index] == partition {
                loss += attract(&toKeys[keyStart + index], local)
            } else {
                toKeys[keyStart + index] = 0
            }
        }
        statistics.local.add(loss, constant: constant)

        loss = 0
        for index in bankPartitions.indices {
            if hasRemoteLoss && bankPartitions[index] == partition {
                loss += attract(&toBank[bankStart + index], remote)
            } else {
                toBank[bankStart + index] = 0
            }
        }
        if remote > 0 && hasRemoteLoss { statistics.remote.add(loss, constant: constant) }
        // Σ_k w_{n|k} / |P| = pull · e^{q·n/τ} / N.
        if sum > 0 {
            let weight = pull / sum
            for index in bankPartitions.indices { toBank[bankStart + index] += Float(weight * exponentials[index]) }
        }
        return statistics
    }
}

/// Returns InfoNCE of one positive with score s, given `ln N = ln Σ e^{score}` over the negatives: its loss,
/// `−ln p = ln(1 + e^{ln N − s})`, and 1 − p, the logistic function of `ln N − s`.
///
/// Neither overflows at any temperature.
func infoNCE(positive score: Double, logNegatives: Double) -> (loss: Double, miss: Double) {
    let margin = logNegatives - score, tail = exp(-abs(margin))
    return (max(margin, 0) + log1p(tail), (margin < 0 ? tail : 1) / (1 + tail))
}
