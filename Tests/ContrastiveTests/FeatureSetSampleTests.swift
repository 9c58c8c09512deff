import Contrastive
import Tensor
import Testing
import _TestSupport

@Suite struct FeatureSetSampleTests {
    /// Each feature is a point on a circle that tells its bank and its row.
    private func bank(_ count: Int, origin: Int) -> FeatureSet {
        FeatureSet(
            features: Tensor((0..<count).flatMap { [Float(origin), Float($0)] }, shape: [count, 2]),
            partitions: (0..<count).map { UInt8($0 % 4) }, origin: origin)
    }

    private func rows(_ set: FeatureSet) -> [[Float]] {
        (0..<set.count).map { set.features.rows($0..<$0 + 1).elements }
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
            #expect(sample.origins.contains(0) && sample.origins.contains { $0 > 0 }, "\(sample.origins)")
            #expect(Set(rows(sample)).count == count)
            for (row, (partition, origin)) in zip(rows(sample), zip(sample.partitions, sample.origins)) {
                #expect(row[0] == Float(origin) && Int(row[1]) % 4 == Int(partition))
            }
        }
    }

    @Test func drawsEveryFeatureOfTheUnionEquallyOften() {
        let banks = [bank(6, origin: 0), bank(12, origin: 1), bank(6, origin: 2)]
        var counts: [[Float]: Int] = [:]
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
        #expect(empty.count == 0 && empty.dimension == 2)
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
