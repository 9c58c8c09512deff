import Contrastive
import Features
import Foundation
import Tensor
import Testing
import _TestSupport

@Suite struct FCLLossTests {
    typealias Oracle = FCLLossOracle

    private func evaluated(_ oracle: Oracle) -> (loss: Float, gradient: Tensor, statistics: FCLLoss.Statistics) {
        var statistics = FCLLoss.Statistics()
        let (loss, gradients) = valueAndGradient(at: [oracle.queries]) {
            let (loss, parts) = oracle.loss(
                $0[0], partitions: oracle.partitions, keys: oracle.keys, bank: oracle.bank)
            statistics = parts
            return loss
        }
        return (loss, gradients[0], statistics)
    }

    @Test(arguments: Oracle.cases)
    func isThePapersFormula(oracle: Oracle) {
        let (loss, _, statistics) = evaluated(oracle)
        let terms = oracle.terms(Oracle.rows(oracle.queries))
        let remote = terms.compactMap(\.remote)
        #expect(abs(Double(loss) - oracle.value(Oracle.rows(oracle.queries))) < 1e-5)
        #expect(statistics.local.queries == terms.count)
        #expect(abs(statistics.local.mean - terms.reduce(0) { $0 + $1.local } / Double(terms.count)) < 1e-5)
        #expect(statistics.remote.queries == remote.count)
        if !remote.isEmpty {
            #expect(abs(statistics.remote.mean - remote.reduce(0, +) / Double(remote.count)) < 1e-5)
        }
        #expect(abs(statistics.mean - Double(loss)) < 1e-6)
    }

    @Test(arguments: Oracle.cases)
    func hasTheGradientOfThePapersFormula(oracle: Oracle) {
        #expect(difference(evaluated(oracle).gradient, oracle.gradient, relative: 1e-4, absolute: 1e-6) == nil)
    }

    @Test(arguments: Oracle.cases)
    func hasTheGradientOfFiniteDifferences(oracle: Oracle) {
        // Of the oracle, in Double: so small a step would be lost in Float.
        let z = Oracle.rows(oracle.queries)
        let step = 1e-5
        var expected: [Double] = []
        for row in z.indices {
            for column in z[row].indices {
                var (above, below) = (z, z)
                above[row][column] += step
                below[row][column] -= step
                expected.append((oracle.value(above) - oracle.value(below)) / (2 * step))
            }
        }
        #expect(difference(evaluated(oracle).gradient, expected, relative: 1e-4, absolute: 1e-6) == nil)
    }

    @Test(arguments: Oracle.cases)
    func measuresTheSimilarities(oracle: Oracle) {
        let statistics = evaluated(oracle).statistics
        let queries = Oracle.rows(oracle.queries.l2Normalized())
        func mean(_ set: FeatureSet, same: Bool) -> (mean: Double, pairs: Int) {
            var similarities: [Double] = []
            for (query, partition) in zip(queries, oracle.partitions) {
                for (row, other) in zip(Oracle.rows(set.vectors), set.partitions) where (other == partition) == same {
                    similarities.append(Oracle.dot(query, row))
                }
            }
            return (similarities.reduce(0, +) / Double(similarities.count), similarities.count)
        }
        for (found, expected) in [
            (statistics.keys, mean(oracle.keys, same: true)), (statistics.positives, mean(oracle.bank, same: true)),
            (statistics.negatives, mean(oracle.bank, same: false)),
        ] {
            #expect(found.pairs == expected.pairs)
            #expect(found.pairs == 0 || abs(found.mean - expected.mean) < 1e-6)
        }
    }

    @Test func withoutTheRemoteLossTheBankOnlyRepels() {
        let bank = FeatureSet(
            features: Tensor(random: [6, 4], seed: 1).l2Normalized(), partitions: [0, 1, 2, 0, 1, 2])
        let others = [1, 2, 4, 5].map { bank.vectors.rows($0..<$0 + 1).elements }
        let negatives = FeatureSet(
            features: Tensor(others.flatMap { $0 }, shape: [4, 4]), partitions: [1, 2, 1, 2])
        let keys = FeatureSet(features: Tensor(random: [2, 4], seed: 2).l2Normalized(), partitions: [0, 0])
        let queries = Tensor(random: [2, 4], seed: 3)
        func result(_ loss: FCLLoss, _ bank: FeatureSet) -> (value: Float, gradients: [Tensor]) {
            valueAndGradient(at: [queries]) { loss($0[0], partitions: [0, 0], keys: keys, bank: bank).loss }
        }
        let (found, expected) = (result(FCLLoss(hasRemoteLoss: false), bank), result(FCLLoss(), negatives))
        #expect(abs(found.value - expected.value) < 1e-6)
        #expect(difference(found.gradients[0], expected.gradients[0]) == nil)
        #expect(result(FCLLoss(), bank).value > found.value)

        // In the literal form, entries of the query's partition stay negatives.
        let literal = result(FCLLoss(negatives: .literal, hasRemoteLoss: false), bank)
        let tagged = FeatureSet(features: bank.vectors, partitions: [1, 1, 1, 1, 1, 1])
        let repelled = result(FCLLoss(), tagged)
        #expect(abs(literal.value - repelled.value) < 1e-6)
        #expect(difference(literal.gradients[0], repelled.gradients[0]) == nil)
    }

    // What is known without an oracle

    @Test(arguments: [0.01, 0.1, 1, 50] as [Float], FCLLoss.Negatives.allCases)
    func equalFeaturesCostTheLogarithmOfTheNegatives(temperature: Float, negatives: FCLLoss.Negatives) {
        let partitions: [UInt8] = [0, 1, 2, 3]
        let feature = Tensor(random: [1, 8], seed: 1).l2Normalized().elements
        func copies(_ partitions: [UInt8]) -> FeatureSet {
            FeatureSet(
                features: Tensor(partitions.flatMap { _ in feature }, shape: [partitions.count, 8]),
                partitions: partitions)
        }
        // Ten entries: three each of partitions 0 and 1, two each of 2 and 3.
        let bank = copies((0..<10).map { UInt8($0 % 4) })
        let queries = copies(partitions).vectors
        let loss = FCLLoss(temperature: temperature, negatives: negatives)
        var statistics = FCLLoss.Statistics()
        let value = evaluate(Parameters()) {
            let (value, parts) = loss(
                $0.constant(queries), partitions: partitions, keys: copies(partitions), bank: bank)
            statistics = parts
            return value
        }
        let expected = negatives == .literal ? log(11.0) : (log(8.0) * 2 + log(9.0) * 2) / 4
        #expect(abs(statistics.local.mean - expected) < 1e-5)
        #expect(abs(statistics.remote.mean - expected) < 1e-5)
        #expect(abs(Double(value[]) - 2 * expected) < 1e-5)
        #expect(abs(statistics.local.constant - expected) < 1e-12)
        #expect(abs(statistics.constant - 2 * expected) < 1e-12)
    }

    @Test(arguments: Oracle.cases.filter { $0.bank.count > 1 })
    func doesNotDependOnTheOrderOfTheBank(oracle: Oracle) {
        let count = oracle.bank.count
        let order = Array((0..<count).reversed())
        let bank = FeatureSet(
            features: Tensor(
                order.flatMap { oracle.bank.vectors.rows($0..<$0 + 1).elements }, shape: oracle.bank.vectors.shape),
            partitions: order.map { oracle.bank.partitions[$0] })
        let (loss, gradients) = valueAndGradient(at: [oracle.queries]) {
            oracle.loss($0[0], partitions: oracle.partitions, keys: oracle.keys, bank: bank).loss
        }
        let expected = evaluated(oracle)
        #expect(abs(loss - expected.loss) < 1e-5)
        #expect(difference(gradients[0], expected.gradient, relative: 1e-4, absolute: 1e-6) == nil)
    }

    @Test(arguments: [1e-3, 1e-2] as [Float])
    func doesNotOverflowAtLowTemperatures(temperature: Float) {
        // Everything is as wrong as it can be: the positive opposite, three negatives equal.
        let right = FeatureSet(features: Tensor([-1, 0], shape: [1, 2]), partitions: [0])
        let wrong = FeatureSet(features: Tensor([1, 0, 1, 0, 1, 0], shape: [3, 2]), partitions: [1, 1, 1])
        func loss(_ z: Tensor, _ bank: FeatureSet) -> (value: Float, gradients: [Tensor]) {
            valueAndGradient(at: [z]) {
                FCLLoss(temperature: temperature)($0[0], partitions: [0], keys: right, bank: bank).loss
            }
        }
        let worst = loss(Tensor([3, 0], shape: [1, 2]), wrong)
        #expect(abs(Double(worst.value) - (2 / Double(temperature) + log(3))) < 1e-3)
        #expect(worst.gradients[0].isFinite)
        let best = loss(Tensor([-3, 0], shape: [1, 2]), wrong)
        #expect(best.value == 0)
        #expect(best.gradients[0].elements.allSatisfy { $0 == 0 })
        #expect(loss(Tensor([0, 0], shape: [1, 2]), wrong).value.isFinite)
        #expect(loss(Tensor([1e15, -1e15], shape: [1, 2]), wrong).value.isFinite)
    }

    @Test func aQueryThatIsNotANumberIsNotHidden() {
        let oracle = Oracle.cases[0]
        var queries = oracle.queries
        queries[3, 1] = .nan
        let value = evaluate(Parameters()) {
            oracle.loss($0.constant(queries), partitions: oracle.partitions, keys: oracle.keys, bank: oracle.bank).loss
        }
        #expect(value[].isNaN)
    }

    @Test func passesOnTheFactorAboveIt() {
        let oracle = Oracle.cases[0]
        let (_, gradients) = valueAndGradient(at: [oracle.queries]) {
            oracle.loss($0[0], partitions: oracle.partitions, keys: oracle.keys, bank: oracle.bank).loss * 3
        }
        var expected = evaluated(oracle).gradient
        expected.scale(by: 3)
        #expect(difference(gradients[0], expected.elements.map(Double.init)) == nil)
    }

    @Test func statisticsOfBatchesAddUp() {
        let (first, second) = (evaluated(Oracle.cases[0]).statistics, evaluated(Oracle.cases[3]).statistics)
        var both = first
        both += second
        #expect(both.local.queries == 16 && both.remote.queries == 14)
        #expect(both.local.sum == first.local.sum + second.local.sum)
        #expect(abs(both.mean - (first.mean + second.mean) / 2) < 1e-12)
        #expect(abs(both.constant - (first.constant + second.constant) / 2) < 1e-12)
        #expect(both.negatives.pairs == first.negatives.pairs + second.negatives.pairs)
    }

    @Test func hasTheSameBitsOnOneThreadAndOnMany() {
        let oracle = Oracle.cases[0]
        let (one, many) = (Parallel.$threadLimit.withValue(1) { evaluated(oracle) }, evaluated(oracle))
        #expect(one.loss.bitPattern == many.loss.bitPattern)
        #expect(one.gradient.bits == many.gradient.bits)
    }

    @Test func isCodable() throws {
        let loss = FCLLoss(temperature: 0.2, negatives: .literal)
        #expect(try JSONDecoder().decode(FCLLoss.self, from: JSONEncoder().encode(loss)) == loss)
    }
}
