import Contrastive
import Features
import Foundation
import Tensor
import Testing
import _TestSupport

@Suite struct FedCALossTests {
    @Test(arguments: [0, 0.01, 2] as [Float])
    func isContrastAndAlignmentWithTheirGradients(beta: Float) {
        let inputs = [
            Tensor(random: [3, 6], seed: 1), Tensor(random: [3, 6], seed: 2), Tensor(random: [4, 5], seed: 3),
        ]
        let dictionary = FeatureSet(random: 7, dimension: 6, seed: 4)
        let base = Tensor(random: [4, 5], seed: 5)
        let (negatives, target) = (LossOracle.rows(dictionary.vectors), LossOracle.rows(base))
        let tau = 0.3
        func oracle(_ matrices: [LossOracle.Matrix]) -> Double {
            let z = (matrices[0] + matrices[1]).map(LossOracle.unit)
            var contrast = 0.0
            for i in 0..<6 {
                func e(_ other: [Double]) -> Double { exp(LossOracle.dot(z[i], other) / tau) }
                let views = z.indices.filter { $0 != i }.reduce(0) { $0 + e(z[$1]) }
                contrast -= log(e(z[(i + 3) % 6]) / negatives.reduce(views) { $0 + e($1) }) / 6
            }
            let squares = zip(matrices[2], target).flatMap { zip($0, $1).map { ($0 - $1) * ($0 - $1) } }
            return contrast + Double(beta) * squares.reduce(0, +) / 20
        }
        #expect(
            LossOracle.difference(
                at: inputs, oracle: oracle,
                loss: {
                    FedCALoss(contrast: NTXentLoss(temperature: Float(tau)), beta: beta)(
                        $0[0], $0[1], dictionary: dictionary, features: $0[2], base: base)
                }) == nil)
    }

    @Test func withoutDictionaryAndAlignmentItIsSimCLRs() {
        let (a, b) = (Tensor(random: [4, 6], seed: 1), Tensor(random: [4, 6], seed: 2))
        let base = Tensor(random: [2, 3], seed: 3)
        let empty = FeatureSet(random: 0, dimension: 6, seed: 4)
        let values = evaluate(Parameters()) { tape in
            let (a, b) = (tape.constant(a), tape.constant(b))
            // Features that are the base model's.
            return FedCALoss()(a, b, dictionary: empty, features: tape.constant(base), base: base) - NTXentLoss()(a, b)
        }
        #expect(values[] == 0)
    }

    @Test func theAlignmentOfFeaturesThatAreOffByThreeIsNine() {
        let base = Tensor(random: [5, 4], seed: 1)
        var features = base
        features.add(Tensor(repeating: 3, shape: [5, 4]))
        let value = evaluate(Parameters()) { FedCALoss().alignment($0.constant(features), to: base) }
        #expect(abs(value[] - 9) < 1e-5)
    }

    @Test func theDictionaryIsMergedFromWhatEverySiteSampled() {
        var generator = SeededGenerator(seed: 1)
        let uploads = (0..<3).map { site in
            let projections = FeatureSet(
                features: Tensor(random: [40 + site, 6], seed: UInt64(site)).l2Normalized(),
                partitions: Array(repeating: 0, count: 40 + site))
            return FeatureSet.sample(from: [projections], count: 8, using: &generator)
        }
        let dictionary = FeatureSet.sample(from: uploads, count: 24, using: &generator)
        #expect(dictionary.count == 24)
        // Every sampled feature is in it once.
        #expect(Set(LossOracle.rows(dictionary.vectors)) == Set(uploads.flatMap { LossOracle.rows($0.vectors) }))
        #expect(LossOracle.rows(dictionary.vectors).allSatisfy { abs(LossOracle.dot($0, $0) - 1) < 1e-6 })
    }
}
