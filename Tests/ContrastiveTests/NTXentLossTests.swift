import Contrastive
import Features
import Foundation
import Tensor
import Testing
import _TestSupport

@Suite struct NTXentLossTests {
    /// Eq. (1) of SimCLR, with loops.
    private func oracle(_ views: [LossOracle.Matrix], negatives: LossOracle.Matrix, temperature: Float) -> Double {
        let z = (views[0] + views[1]).map(LossOracle.unit)
        let tau = Double(temperature)
        let total = z.indices.reduce(0.0) { total, i in
            let partner = (i + z.count / 2) % z.count
            var below = negatives.reduce(0) { $0 + exp(LossOracle.dot(z[i], $1) / tau) }
            for k in z.indices where k != i { below += exp(LossOracle.dot(z[i], z[k]) / tau) }
            return total - log(exp(LossOracle.dot(z[i], z[partner]) / tau) / below)
        }
        return total / Double(z.count)
    }

    @Test(arguments: [(1, 0), (2, 0), (5, 0), (3, 7), (1, 1)], [0.05, 0.3, 2] as [Float])
    func isThePapersFormulaWithItsGradient(sizes: (batch: Int, negatives: Int), temperature: Float) {
        let inputs = [1, 2].map { Tensor(random: [sizes.batch, 6], seed: $0, standardDeviation: 2) }
        let negatives = FeatureSet(random: sizes.negatives, dimension: 6, seed: 3)
        let rows = LossOracle.rows(negatives.vectors)
        #expect(
            LossOracle.difference(
                at: inputs, oracle: { oracle($0, negatives: rows, temperature: temperature) },
                loss: { NTXentLoss(temperature: temperature)($0[0], $0[1], negatives: negatives) }) == nil)
    }

    @Test(arguments: [0.01, 0.1, 50] as [Float], [0, 9])
    func equalFeaturesCostTheLogarithmOfTheCandidates(temperature: Float, negatives: Int) {
        let feature = Tensor(random: [1, 8], seed: 1).l2Normalized().elements
        func copies(_ count: Int) -> Tensor {
            Tensor((0..<count).flatMap { _ in feature }, shape: [count, 8])
        }
        let more = FeatureSet(features: copies(negatives), partitions: Array(repeating: 0, count: negatives))
        let value = evaluate(Parameters()) { tape in
            NTXentLoss(temperature: temperature)(
                tape.constant(copies(4)), tape.constant(copies(4)), negatives: more)
        }
        #expect(abs(Double(value[]) - log(Double(7 + negatives))) < 1e-5)
        #expect(abs(NTXentLoss.constant(batch: 4, negatives: negatives) - log(Double(7 + negatives))) < 1e-12)
    }

    @Test func doesNotDependOnWhichViewIsFirstNorOnTheirLengths() {
        let (a, b) = (Tensor(random: [4, 6], seed: 1), Tensor(random: [4, 6], seed: 2))
        func loss(_ x: Tensor, _ y: Tensor) -> Float {
            evaluate(Parameters()) { NTXentLoss()($0.constant(x), $0.constant(y)) }[]
        }
        var longer = a
        longer.scale(by: 30)
        #expect(abs(loss(a, b) - loss(b, a)) < 1e-5)
        #expect(abs(loss(a, b) - loss(longer, b)) < 1e-5)
    }

    @Test func anImageThatIsAloneHasNothingToLearn() {
        let (value, gradients) = valueAndGradient(at: [1, 2].map { Tensor(random: [1, 6], seed: $0) }) {
            NTXentLoss()($0[0], $0[1])
        }
        #expect(value == 0)
        #expect(gradients.allSatisfy { $0.elements.allSatisfy { $0 == 0 } })
    }

    @Test func staysFiniteWhereEverythingIsAsWrongAsItCanBe() {
        // Views are opposite, images equal.
        let (a, b) = (Tensor([1, 0, 1, 0], shape: [2, 2]), Tensor([-1, 0, -1, 0], shape: [2, 2]))
        let (value, gradients) = valueAndGradient(at: [a, b]) { NTXentLoss(temperature: 1e-3)($0[0], $0[1]) }
        #expect(abs(value - 2000) < 0.1)
        #expect(gradients.allSatisfy { $0.isFinite })
    }
}
