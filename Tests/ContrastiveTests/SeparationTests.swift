import Contrastive
import Features
import Tensor
import Testing
import _TestSupport

@Suite struct SeparationTests {
    @Test(arguments: [2, 3, 17])
    func isTheMeanOverPairs(count: Int) throws {
        let features = Tensor(random: [count, 7], seed: 3).l2Normalized()
        let partitions = (0..<count).map { UInt8([0, 200, 0, 3, 3][$0 % 5]) }
        var (same, other): ([Double], [Double]) = ([], [])
        for i in 0..<count {
            for j in 0..<count where i != j {
                let similarity = features.rows(i..<i + 1).dot(features.rows(j..<j + 1))
                if partitions[i] == partitions[j] { same.append(similarity) } else { other.append(similarity) }
            }
        }
        let separation = FeatureSet(features: features, partitions: partitions).separation
        guard !same.isEmpty, !other.isEmpty else {
            #expect(separation == nil)
            return
        }
        let found = try #require(separation)
        #expect(abs(found.positives - same.reduce(0, +) / Double(same.count)) < 1e-6)
        #expect(abs(found.negatives - other.reduce(0, +) / Double(other.count)) < 1e-6)
        #expect(found.difference == found.positives - found.negatives)
    }

    @Test func isOneForPartitionsAtRightAnglesAndZeroForEqualFeatures() throws {
        let apart = FeatureSet(features: Tensor([1, 0, 0, 1, 1, 0, 0, 1], shape: [4, 2]), partitions: [0, 1, 0, 1])
        #expect(try #require(apart.separation).difference == 1)
        let equal = FeatureSet(features: Tensor(repeating: 0.5, shape: [6, 4]), partitions: [0, 1, 0, 1, 2, 2])
        #expect(abs(try #require(equal.separation).difference) < 1e-12)
    }

    @Test func isUnknownWithoutBothKindsOfPairs() {
        let features = Tensor(random: [3, 4], seed: 1).l2Normalized()
        #expect(FeatureSet(features: features, partitions: [1, 1, 1]).separation == nil)
        #expect(FeatureSet(features: features, partitions: [0, 1, 2]).separation == nil)
        #expect(FeatureSet(dimension: 4).separation == nil)
    }
}
