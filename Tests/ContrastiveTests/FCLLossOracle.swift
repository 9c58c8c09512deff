import Contrastive
import Features
import Foundation
import Tensor
import Testing
import _TestSupport

/// A batch, its keys and a sampled bank, and the loss as the paper prints it: loops in Double, without shifts.
struct FCLLossOracle: CustomTestStringConvertible, Sendable {
    let name: String
    let queries: Tensor
    let partitions: [UInt8]
    let keys: FeatureSet
    let bank: FeatureSet
    let temperature: Float
    let negatives: FCLLoss.Negatives

    var testDescription: String { "\(name), \(negatives), τ \(temperature)" }

    init(
        _ name: String, partitions: [UInt8], keys: [UInt8], bank: [UInt8], dimension: Int = 6, temperature: Float = 0.3,
        negatives: FCLLoss.Negatives
    ) {
        self.name = name
        queries = Tensor(random: [partitions.count, dimension], seed: 1, standardDeviation: 2)
        self.partitions = partitions
        func set(_ partitions: [UInt8], _ seed: UInt64) -> FeatureSet {
            FeatureSet(
                features: Tensor(random: [partitions.count, dimension], seed: seed).l2Normalized(),
                partitions: partitions)
        }
        (self.keys, self.bank) = (set(keys, 2), set(bank, 3))
        (self.temperature, self.negatives) = (temperature, negatives)
    }

    static let cases: [FCLLossOracle] = FCLLoss.Negatives.allCases.flatMap { negatives in
        func make(
            _ name: String, _ partitions: [UInt8], _ keys: [UInt8], _ bank: [UInt8], temperature: Float = 0.3
        ) -> FCLLossOracle {
            FCLLossOracle(
                name, partitions: partitions, keys: keys, bank: bank, temperature: temperature, negatives: negatives)
        }
        let batch: [UInt8] = [0, 1, 2, 3, 0, 1, 2, 3]
        return [
            make("two volumes", batch, batch, (0..<21).map { UInt8($0 % 4) }),
            make("low temperature", batch, batch, (0..<21).map { UInt8($0 % 4) }, temperature: 0.05),
            make("one query", [2], [2], [0, 1, 2, 2, 3]),
            make("no remote positive for some", batch, batch, [0, 0, 1, 3, 3, 3]),
            make("no remote positive at all", [0, 0], [0, 0], [1, 2, 3]),
            make("no other partition", [1, 1], [1, 1, 1], [1, 1]),
            make("an empty bank", [0, 1], [0, 1], []),
            make("a missing partition", [0, 2, 3], [3, 2, 0], [0, 1, 2, 3, 255]),
        ]
    }

    var loss: FCLLoss { FCLLoss(temperature: temperature, negatives: negatives) }

    // The oracle

    typealias Vector = [Double]
    static func rows(_ tensor: Tensor) -> [Vector] {
        (0..<tensor.shape[0]).map { tensor.rows($0..<$0 + 1).elements.map(Double.init) }
    }
    static func dot(_ a: Vector, _ b: Vector) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
    var tau: Double { Double(temperature) }

    /// P(q), Λ(q) and N of a query.
    func sets(_ partition: UInt8) -> (local: [Vector], remote: [Vector], negatives: [Vector]) {
        let (keyRows, bankRows) = (Self.rows(keys.vectors), Self.rows(bank.vectors))
        return (
            keyRows.indices.filter { keys.partitions[$0] == partition }.map { keyRows[$0] },
            bankRows.indices.filter { bank.partitions[$0] == partition }.map { bankRows[$0] },
            bankRows.indices.filter { negatives == .literal || bank.partitions[$0] != partition }.map { bankRows[$0] }
        )
    }

    /// Eq. (3).
    func term(_ q: Vector, _ positives: [Vector], _ negatives: [Vector]) -> Double {
        let sum = negatives.reduce(0) { $0 + exp(Self.dot(q, $1) / tau) }
        let logs = positives.map { log(exp(Self.dot(q, $0) / tau) / (exp(Self.dot(q, $0) / tau) + sum)) }
        return -logs.reduce(0, +) / Double(positives.count)
    }

    /// L_local and L_remote of each query, the latter `nil` without remote positives.
    func terms(_ z: [Vector]) -> [(local: Double, remote: Double?)] {
        zip(z, partitions).map { z, partition in
            let norm = Self.dot(z, z).squareRoot()
            let q = z.map { $0 / norm }
            let (local, remote, negatives) = sets(partition)
            return (term(q, local, negatives), remote.isEmpty ? nil : term(q, remote, negatives))
        }
    }

    /// L, the mean of Eq. (5).
    func value(_ z: [Vector]) -> Double {
        terms(z).reduce(0) { $0 + $1.local + ($1.remote ?? 0) } / Double(z.count)
    }

    /// ∂L/∂z by the formulas for the gradient, element by element.
    var gradient: [Double] {
        var gradient: [Double] = []
        for (z, partition) in zip(Self.rows(queries), partitions) {
            let norm = Self.dot(z, z).squareRoot()
            let q = z.map { $0 / norm }
            let (local, remote, negatives) = sets(partition)
            var byQuery = Vector(repeating: 0, count: q.count)
            for positives in [local, remote] {
                for k in positives {
                    let own = exp(Self.dot(q, k) / tau)
                    let sum = negatives.reduce(0) { $0 + exp(Self.dot(q, $1) / tau) }
                    let scale = 1 / (tau * Double(positives.count))
                    for d in q.indices {
                        byQuery[d] -= scale * (1 - own / (own + sum)) * k[d]
                        for n in negatives { byQuery[d] += scale * exp(Self.dot(q, n) / tau) / (own + sum) * n[d] }
                    }
                }
            }
            // (I − q qᵀ) ∂ℓ/∂q / |z|
            let along = Self.dot(q, byQuery)
            for d in q.indices { gradient.append((byQuery[d] - along * q[d]) / norm / Double(partitions.count)) }
        }
        return gradient
    }
}
