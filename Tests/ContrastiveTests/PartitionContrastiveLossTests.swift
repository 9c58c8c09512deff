import Contrastive
import Features
import Foundation
import Tensor
import Testing
import _TestSupport

@Suite struct PartitionContrastiveLossTests {
    /// The loss over ordered pairs, with loops.
    private func oracle(_ views: [LossOracle.Matrix], _ partitions: [UInt8], _ temperature: Float) -> Double {
        let z = (views[0] + views[1]).map(LossOracle.unit)
        let (tags, tau) = (partitions + partitions, Double(temperature))
        let losses = z.indices.map { i in
            var below = 0.0
            for n in z.indices where tags[n] != tags[i] { below += exp(LossOracle.dot(z[i], z[n]) / tau) }
            let positives = z.indices.filter { tags[$0] == tags[i] && $0 != i }
            let terms = positives.map { j -> Double in
                let own = exp(LossOracle.dot(z[i], z[j]) / tau)
                return -log(own / (own + below))
            }
            return terms.reduce(0, +) / Double(terms.count)
        }
        return losses.reduce(0, +) / Double(losses.count)
    }

    private static let batches: [[UInt8]] = [
        [0, 1, 2, 3, 0, 1, 2, 3], [0, 1], [2], [1, 1, 1], [0, 0, 0, 3], [0, 1, 3, 255, 1],
    ]

    @Test(arguments: batches, [0.1, 1] as [Float])
    func isThePapersFormulaWithItsGradient(partitions: [UInt8], temperature: Float) {
        let inputs = [1, 2].map { Tensor(random: [partitions.count, 6], seed: $0, standardDeviation: 2) }
        #expect(
            LossOracle.difference(
                at: inputs, oracle: { oracle($0, partitions, temperature) },
                loss: { PartitionContrastiveLoss(temperature: temperature)($0[0], $0[1], partitions: partitions) })
                == nil)
    }

    @Test(arguments: batches)
    func equalFeaturesCostTheLogarithmOfTheNegatives(partitions: [UInt8]) {
        let feature = Tensor(random: [1, 8], seed: 1).elements
        let z = Tensor(partitions.flatMap { _ in feature }, shape: [partitions.count, 8])
        let value = evaluate(Parameters()) {
            PartitionContrastiveLoss()($0.constant(z), $0.constant(z), partitions: partitions)
        }
        #expect(abs(Double(value[]) - PartitionContrastiveLoss.constant(partitions: partitions)) < 1e-5)
    }

    @Test func theConstantOfTwoVolumesOfFourPartitionsIsTheLogarithmOfThirteen() {
        // Sixteen views; four of them share a partition, and the other twelve are negatives.
        #expect(abs(PartitionContrastiveLoss.constant(partitions: [0, 1, 2, 3, 0, 1, 2, 3]) - log(13)) < 1e-12)
    }

    @Test func isEquationThreeOfFCLWithTheBatchInPlaceOfTheBank() {
        // One view as queries, with the other slices of both views as keys and bank: for a single volume the only
        // positive is the other view, so both losses are over the same pairs.
        let partitions: [UInt8] = [0, 1, 2, 3]
        let (a, b) = (Tensor(random: [4, 6], seed: 1), Tensor(random: [4, 6], seed: 2))
        func local(_ queries: Tensor, _ keys: Tensor) -> Double {
            let keys = FeatureSet(features: keys.l2Normalized(), partitions: partitions)
            let both = FeatureSet(
                features: Tensor(queries.l2Normalized().elements + keys.vectors.elements, shape: [8, 6]),
                partitions: partitions + partitions)
            var mean = 0.0
            _ = evaluate(Parameters()) {
                let (loss, parts) = FCLLoss()($0.constant(queries), partitions: partitions, keys: keys, bank: both)
                mean = parts.local.mean
                return loss
            }
            return mean
        }
        let value = evaluate(Parameters()) {
            PartitionContrastiveLoss()($0.constant(a), $0.constant(b), partitions: partitions)
        }
        #expect(abs(Double(value[]) - (local(a, b) + local(b, a)) / 2) < 1e-5)
    }

    @Test func doesNotDependOnWhichViewIsFirstNorOnTheOrderOfSlices() {
        let (a, b) = (Tensor(random: [5, 6], seed: 1), Tensor(random: [5, 6], seed: 2))
        let partitions: [UInt8] = [0, 1, 1, 2, 0]
        func loss(_ x: Tensor, _ y: Tensor, _ partitions: [UInt8]) -> Float {
            evaluate(Parameters()) {
                PartitionContrastiveLoss()($0.constant(x), $0.constant(y), partitions: partitions)
            }[]
        }
        func reversed(_ x: Tensor) -> Tensor {
            Tensor((0..<5).reversed().flatMap { x.rows($0..<$0 + 1).elements }, shape: x.shape)
        }
        let value = loss(a, b, partitions)
        #expect(abs(value - loss(b, a, partitions)) < 1e-5)
        #expect(abs(value - loss(reversed(a), reversed(b), partitions.reversed())) < 1e-5)
    }

    @Test func staysFiniteAtLowTemperatures() {
        let (a, b) = (Tensor([1, 0, -1, 0], shape: [2, 2]), Tensor([-1, 0, 1, 0], shape: [2, 2]))
        let (value, gradients) = valueAndGradient(at: [a, b]) {
            PartitionContrastiveLoss(temperature: 1e-3)($0[0], $0[1], partitions: [0, 1])
        }
        #expect(abs(value - 2000) < 0.1)
        #expect(gradients.allSatisfy { $0.isFinite })
    }
}
