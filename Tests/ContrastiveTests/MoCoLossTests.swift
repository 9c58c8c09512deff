import Contrastive
import Features
import Foundation
import Tensor
import Testing
import _TestSupport

@Suite struct MoCoLossTests {
    /// Eq. (1) of MoCo, with loops.
    private func oracle(_ z: LossOracle.Matrix, _ keys: FeatureSet, _ queue: FeatureSet, _ temperature: Float) -> Double
    {
        let (keys, queue, tau) = (LossOracle.rows(keys.vectors), LossOracle.rows(queue.vectors), Double(temperature))
        let losses = zip(z.map(LossOracle.unit), keys).map { q, k in
            let own = exp(LossOracle.dot(q, k) / tau)
            return -log(own / queue.reduce(own) { $0 + exp(LossOracle.dot(q, $1) / tau) })
        }
        return losses.reduce(0, +) / Double(z.count)
    }

    @Test(arguments: [(1, 1), (3, 0), (4, 9), (2, 33)], [0.07, 0.2, 3] as [Float])
    func isThePapersFormulaWithItsGradient(sizes: (batch: Int, queue: Int), temperature: Float) {
        let keys = FeatureSet(random: sizes.batch, dimension: 5, seed: 2)
        let queue = FeatureSet(random: sizes.queue, dimension: 5, seed: 3)
        #expect(
            LossOracle.difference(
                at: [Tensor(random: [sizes.batch, 5], seed: 1, standardDeviation: 2)],
                oracle: { oracle($0[0], keys, queue, temperature) },
                loss: { MoCoLoss(temperature: temperature)($0[0], keys: keys, queue: queue) }) == nil)
    }

    @Test(arguments: [0.01, 0.2, 50] as [Float])
    func equalFeaturesCostTheLogarithmOfTheQueue(temperature: Float) {
        let feature = Tensor(random: [1, 8], seed: 1).l2Normalized().elements
        func copies(_ count: Int) -> FeatureSet {
            FeatureSet(
                features: Tensor((0..<count).flatMap { _ in feature }, shape: [count, 8]),
                partitions: Array(repeating: 0, count: count))
        }
        let value = evaluate(Parameters()) {
            MoCoLoss(temperature: temperature)($0.constant(copies(3).vectors), keys: copies(3), queue: copies(12))
        }
        // Scores are 1/τ, in Float.
        #expect(abs(Double(value[]) - log(13)) < 1e-6 + 1e-6 / Double(temperature))
        #expect(abs(MoCoLoss.constant(negatives: 12) - log(13)) < 1e-12)
    }

    @Test func theQueueHoldsNoAnatomyAndNoOrder() {
        let queries = Tensor(random: [4, 6], seed: 1)
        let keys = FeatureSet(random: 4, dimension: 6, seed: 2)
        let features = Tensor(random: [8, 6], seed: 3).l2Normalized()
        func loss(_ order: [Int], _ partitions: [UInt8]) -> Float {
            let rows = order.flatMap { features.rows($0..<$0 + 1).elements }
            let queue = FeatureSet(features: Tensor(rows, shape: [8, 6]), partitions: partitions)
            return evaluate(Parameters()) { MoCoLoss()($0.constant(queries), keys: keys, queue: queue) }[]
        }
        let first = loss(Array(0..<8), Array(repeating: 0, count: 8))
        #expect(first == loss(Array(0..<8), [0, 1, 2, 3, 0, 1, 2, 3]))
        #expect(abs(first - loss((0..<8).reversed(), Array(repeating: 1, count: 8))) < 1e-5)
    }

    @Test func aBankIsItsQueue() {
        var bank = MemoryBank(capacity: 6, dimension: 4)
        for seed in 1...4 { bank.push(FeatureSet(random: 2, dimension: 4, seed: UInt64(seed))) }
        let keys = FeatureSet(random: 2, dimension: 4, seed: 9)
        let value = evaluate(Parameters()) {
            MoCoLoss()($0.constant(keys.vectors), keys: keys, queue: bank.contents)
        }
        let last = (2...4).flatMap { FeatureSet(random: 2, dimension: 4, seed: UInt64($0)).vectors.elements }
        let queue = FeatureSet(features: Tensor(last, shape: [6, 4]), partitions: Array(repeating: 0, count: 6))
        #expect(abs(Double(value[]) - oracle(LossOracle.rows(keys.vectors), keys, queue, 0.2)) < 1e-5)
    }
}
