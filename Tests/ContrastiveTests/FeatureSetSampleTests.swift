import Contrastive
import Features
import Tensor
import Testing
import _TestSupport

@Suite struct FeatureSetSampleTests {
    /// Each feature points in a direction that tells its bank and its row.
    private func bank(_ count: Int, origin: Int) -> FeatureSet {
        if count == 0 { return FeatureSet(dimension: 3) }
        return FeatureSet(
            features: Tensor((0..<count).flatMap { [1, Float(origin), Float($0)] }, shape: [count, 3]),
            partitions: (0..<count).map { UInt8($0 % 4) })
    }

    /// The bank and the row of each feature.
    private func rows(_ set: FeatureSet) -> [[Int]] {
        (0..<set.count).map { row in
            let feature = set.vectors.rows(row..<row + 1).elements
            return [feature[1], feature[2]].map { Int(($0 / feature[0]).rounded()) }
        }
    }

    @Test(arguments: [
        ([8, 8, 8], 8), ([200, 1], 10), ([1, 200], 10), ([1, 100, 100, 100], 2), ([100, 1, 1], 2), ([4, 0, 4], 3),
    ])
    func holdsOwnAndRemoteFeaturesOnceEach(sizes: [Int], count: Int) {
        let banks = sizes.enumerated().map { bank($1, origin: $0) }
        for seed in 0..<40 as Range<UInt64> {
            var generator = SeededGenerator(seed: seed)
            let sample = FeatureSet.sample(from: banks, count: count, using: &generator)
            #expect(sample.count == count)
            let found = rows(sample)
            #expect(found.contains { $0[0] == 0 } && found.contains { $0[0] > 0 }, "\(found)")
            #expect(Set(found).count == count)
            for (row, partition) in zip(found, sample.partitions) { #expect(row[1] % 4 == Int(partition)) }
        }
    }

    @Test func drawsEveryFeatureOfTheUnionEquallyOften() {
        let banks = [bank(6, origin: 0), bank(12, origin: 1), bank(6, origin: 2)]
        var counts: [[Int]: Int] = [:]
        var generator = SeededGenerator(seed: 1)
        let draws = 3000
        for _ in 0..<draws {
            for row in rows(FeatureSet.sample(from: banks, count: 8, using: &generator)) {
                counts[row, default: 0] += 1
            }
        }
        #expect(counts.count == 24)
        for (row, count) in counts { #expect(abs(count - draws / 3) < 120, "\(row): \(count)") }
    }

    @Test func isTheUnionWhereThatIsSmall() {
        let banks = [bank(3, origin: 0), bank(2, origin: 1)]
        var generator = SeededGenerator(seed: 1)
        for count in [5, 100] {
            let sample = FeatureSet.sample(from: banks, count: count, using: &generator)
            #expect(Set(rows(sample)) == Set(banks.flatMap(rows)))
            #expect(sample.count == 5)
        }
    }

    @Test func worksWithOneSiteAndWithEmptyBanks() {
        var generator = SeededGenerator(seed: 1)
        #expect(FeatureSet.sample(from: [bank(9, origin: 0)], count: 4, using: &generator).count == 4)
        #expect(
            FeatureSet.sample(from: [bank(0, origin: 0), bank(9, origin: 1)], count: 4, using: &generator).count == 4)
        let empty = FeatureSet.sample(from: [bank(0, origin: 0)], count: 4, using: &generator)
        #expect(empty.count == 0 && empty.dimension == 3)
    }

    @Test func dependsOnTheSeedAlone() {
        func sample(_ seed: UInt64) -> FeatureSet {
            var generator = SeededGenerator(seed: seed)
            return FeatureSet.sample(from: [bank(9, origin: 0), bank(9, origin: 1)], count: 6, using: &generator)
        }
        #expect(sample(1) == sample(1))
        #expect(sample(1) != sample(2))
    }
}
