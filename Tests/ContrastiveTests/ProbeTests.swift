import Contrastive
import Features
import Foundation
import Tensor
import Testing
import _TestSupport

@Suite struct ProbeTests {
    /// Three classes in three directions, `spread` apart from them, four items each, every item a group of its own.
    private func clusters(spread: Float) -> (features: Tensor, classes: [Int], groups: [Int]) {
        let classes = (0..<12).map { $0 % 3 }
        var features = Tensor(random: [12, 5], seed: 2, standardDeviation: spread)
        features.withMutableElements { for (item, group) in classes.enumerated() { $0[item * 5 + group] += 1 } }
        return (features, classes, Array(0..<12))
    }

    @Test func clearClassesAreFoundByBoth() {
        let (features, classes, groups) = clusters(spread: 0.1)
        #expect(Probe.nearestNeighbors(features, classes: classes, groups: groups, neighbors: 3) == 1)
        #expect(Probe.linear(features, classes: classes, groups: groups, penalty: 0.1) == 1)
    }

    /// All features are equal: every guess is the same class, that of a third of the items.
    @Test func equalFeaturesSayNothing() {
        let (_, classes, groups) = clusters(spread: 0)
        let features = Tensor(repeating: 0.5, shape: [12, 5])
        #expect(Probe.linear(features, classes: classes, groups: groups) ?? 1 <= 0.5)
        #expect(Probe.nearestNeighbors(features, classes: classes, groups: groups, neighbors: 11) ?? 1 <= 0.5)
    }

    /// Two patients of one class each, whose slices are alike: within a patient the nearest neighbour is always right,
    /// but it does not count, and what is left is wrong.
    @Test func itemsOfOneGroupDoNotJudgeEachOther() {
        let features = Tensor([1, 0, 1, 0.1, 0, 1, 0.1, 1], shape: [4, 2])
        let (classes, groups) = ([0, 0, 1, 1], [0, 0, 1, 1])
        #expect(Probe.nearestNeighbors(features, classes: classes, groups: groups, neighbors: 1) == 0)
        #expect(Probe.nearestNeighbors(features, classes: classes, groups: [0, 1, 2, 3], neighbors: 1) == 1)
        #expect(Probe.nearestNeighbors(features, classes: classes, groups: [0, 0, 0, 0], neighbors: 1) == nil)
        // The fold that is judged never has seen the class.
        #expect(Probe.linear(features, classes: classes, groups: groups, folds: 2) == 0)
        #expect(Probe.linear(features, classes: classes, groups: [0, 0, 0, 0], folds: 2) == nil)
    }

    /// Near neighbours weigh more: one at a cosine of 1 outweighs two at a cosine of 0.
    @Test func neighboursWeighByTheirSimilarity() {
        let features = Tensor([1, 0, 1, 0, 0, 1, 0, 1], shape: [4, 2])
        let classes = [1, 1, 0, 0]
        let right = Probe.nearestNeighbors(features, classes: classes, groups: [0, 1, 2, 3], neighbors: 3)
        #expect(right == 1)
    }

    @Test func uniformityIsKnownForEqualAndForOppositeFeatures() throws {
        func set(_ elements: [Float], _ count: Int) -> FeatureSet {
            FeatureSet(
                features: Tensor(elements, shape: [count, 2]), partitions: Array(repeating: 0, count: count))
        }
        #expect(abs(try #require(set([1, 0, 1, 0, 1, 0], 3).uniformity)) < 1e-6)
        // |u − v|² = 4: ln e^−8.
        #expect(abs(try #require(set([1, 0, -1, 0], 2).uniformity) + 8) < 1e-6)
        #expect(set([1, 0], 1).uniformity == nil)
        // Against the definition, pair by pair.
        let unit = Tensor(random: [7, 2], seed: 5).l2Normalized()
        let mixed = set(unit.elements, 7)
        var sum = 0.0
        for i in 0..<7 {
            for j in 0..<7 where j != i {
                let square = (0..<2).reduce(0.0) { $0 + pow(Double(unit[i, $1] - unit[j, $1]), 2) }
                sum += exp(-2 * square) / 42
            }
        }
        #expect(abs(try #require(mixed.uniformity) - log(sum)) < 1e-5)
    }

    @Test func alignmentIsTheMeanSquaredDistance() {
        let first = FeatureSet(features: Tensor([1, 0, 0, 1], shape: [2, 2]), partitions: [0, 1])
        let second = FeatureSet(features: Tensor([1, 0, 0, -1], shape: [2, 2]), partitions: [0, 1])
        #expect(abs(first.alignment(with: first)) < 1e-6)
        #expect(abs(first.alignment(with: second) - 2) < 1e-6)
    }
}
