import Contrastive
import Features
import Foundation
import Tensor
import Testing
import _TestSupport

@Suite struct GradedLossTests {
    /// A batch of three volumes, and a bank whose last six entries are from other sites.
    private struct Example {
        let queries = Tensor(random: [6, 5], seed: 1, standardDeviation: 2)
        let tags: [UInt8] = [3, 40, 70, 5, 44, 100]
        let volumes = [0, 0, 1, 1, 2, 2]
        let bankTags: [UInt8] = [2, 64, 20, 60, 127, 4, 1, 66, 80, 12, 3]
        let foreign = 5..<11
        let keys: FeatureSet
        let bank: FeatureSet

        init() {
            func set(_ tags: [UInt8], _ seed: UInt64) -> FeatureSet {
                FeatureSet(
                    features: Tensor(random: [tags.count, 5], seed: seed).l2Normalized(), partitions: tags)
            }
            (keys, bank) = (set(tags, 2), set(bankTags, 3))
        }

        /// The definition, in Double, without shifts.
        func value(_ queries: [[Double]], temperature: Double = 0.3, spread: Double = 0.5) -> Double {
            func rows(_ tensor: Tensor) -> [[Double]] {
                (0..<tensor.shape[0]).map { tensor.rows($0..<$0 + 1).elements.map(Double.init) }
            }
            func position(_ tag: UInt8) -> Double { (Double(tag % 64) + 0.5) / 64 }
            func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
            let (keyRows, bankRows) = (rows(keys.vectors), rows(bank.vectors))
            var total = 0.0
            for (i, z) in queries.enumerated() {
                let q = z.map { $0 / dot(z, z).squareRoot() }
                func difference(_ tag: UInt8) -> Double { abs(position(tags[i]) - position(tag)) }
                func a(_ tag: UInt8) -> Double {
                    let d = difference(tag), weight = exp(-d * d / (2 * 0.08 * 0.08))
                    return weight < 0.05 ? 0 : (tag < 64) == (tags[i] < 64) ? weight : weight / 2
                }
                func loss(_ positives: [([Double], Double)], _ negatives: [([Double], Double)]) -> Double {
                    let sum = positives.reduce(0) { $0 + $1.1 }
                    let far = negatives.reduce(0) { $0 + $1.1 * exp(dot(q, $1.0) / temperature) }
                    return positives.reduce(0) { total, k in
                        let near = exp(dot(q, k.0) / temperature)
                        return k.1 == 0 ? total : total - k.1 / sum * log(near / (near + far))
                    }
                }
                let negatives = zip(bankRows, bankTags).map { row, tag in
                    (row, 1 - exp(-difference(tag) * difference(tag) / (2 * 0.16 * 0.16)))
                }
                total += loss(zip(keyRows, tags).map { ($0, a($1)) }, negatives)
                let remote = zip(bankRows, bankTags).map { ($0, a($1)) }
                if remote.contains(where: { $0.1 > 0 }) { total += loss(remote, negatives) }
                let others =
                    keyRows.indices.filter { volumes[$0] != volumes[i] && difference(tags[$0]) < 0.15 }.map {
                        keyRows[$0]
                    }
                    + foreign.filter { difference(bankTags[$0]) < 0.15 }.map { bankRows[$0] }
                total += spread * loss([(keyRows[i], 1)], others.map { ($0, 1) })
            }
            return total / Double(queries.count)
        }

        var rows: [[Double]] { (0..<6).map { queries.rows($0..<$0 + 1).elements.map(Double.init) } }
    }

    @Test func isItsFormulaWithItsGradient() {
        let example = Example()
        let loss = GradedLoss(temperature: 0.3)
        var statistics = GradedLoss.Statistics()
        let (value, gradients) = valueAndGradient(at: [example.queries]) {
            let (value, parts) = loss(
                $0[0], volumes: example.volumes, keys: example.keys, bank: example.bank, foreign: example.foreign)
            statistics = parts
            return value * 2
        }
        #expect(abs(Double(value) - 2 * example.value(example.rows)) < 1e-5)
        #expect(abs(2 * statistics.mean - Double(value)) < 1e-5)
        #expect(statistics.local.queries == 6 && statistics.spread.queries == 6)
        #expect((1..<6).contains(statistics.remote.queries), "some queries have no positive in the bank")
        var expected: [Double] = []
        for row in 0..<6 {
            for column in 0..<5 {
                var (above, below) = (example.rows, example.rows)
                above[row][column] += 1e-5
                below[row][column] -= 1e-5
                expected.append((example.value(above) - example.value(below)) / 1e-5)
            }
        }
        #expect(difference(gradients[0], expected, relative: 1e-4, absolute: 1e-6) == nil)
    }

    /// With weights 0 and 1 by partition and without spread, it is Eqs. (3) to (5).
    @Test(
        arguments: FCLLossOracle.cases.filter {
            $0.negatives == .otherPartitions && $0.keys.partitions == $0.partitions
        })
    func withPartitionsItIsFCL(oracle: FCLLossOracle) {
        let tags = Set(oracle.partitions + oracle.bank.partitions)
        guard tags.allSatisfy({ $0 < 4 }) else { return }
        let graded = GradedLoss(temperature: oracle.temperature, weights: .partitions(4), spread: 0)
        let (value, gradients) = valueAndGradient(at: [oracle.queries]) {
            graded(
                $0[0], volumes: oracle.partitions.map { _ in 0 }, keys: oracle.keys, bank: oracle.bank, foreign: 0..<0
            ).loss
        }
        let (expected, own) = valueAndGradient(at: [oracle.queries]) {
            oracle.loss($0[0], partitions: oracle.partitions, keys: oracle.keys, bank: oracle.bank).loss
        }
        #expect(abs(value - expected) < 1e-5)
        #expect(difference(gradients[0], own[0].elements.map(Double.init), relative: 1e-4, absolute: 1e-6) == nil)
    }

    @Test func aTagIsAPositionAndAPhase() {
        for count in [1, 5, 10, 64, 100] {
            for index in 0..<count {
                let tag = PositionTag(slice: index, of: count, isEndSystole: index % 2 == 1)
                #expect(tag.isEndSystole == (index % 2 == 1))
                #expect(abs(tag.position - (Double(index) + 0.5) / Double(count)) <= 0.5 / 64 + 1e-12)
                #expect(PositionTag(tag.byte) == tag)
            }
        }
    }

    @Test func staysFiniteAtLowTemperatures() {
        let example = Example()
        let (value, gradients) = valueAndGradient(at: [example.queries]) {
            GradedLoss(temperature: 1e-3)(
                $0[0], volumes: example.volumes, keys: example.keys, bank: example.bank, foreign: example.foreign
            ).loss
        }
        #expect(value.isFinite && gradients[0].isFinite)
    }
}
