import Contrastive
import Tensor
import Testing

@Suite struct PartitionSamplerTests {
    @Test(arguments: [1, 2, 3, 4, 7])
    func cutsByTheFloor(partitions: Int) {
        let sampler = PartitionSampler(partitions: partitions)
        for count in 1...20 {
            let expected = (0..<count).map { Int((Double($0 * partitions) / Double(count)).rounded(.down)) }
            #expect((0..<count).map { Int(sampler.partition(of: $0, in: count)) } == expected)
            for partition in 0..<partitions {
                let members = (0..<count).filter { expected[$0] == partition }
                #expect(Array(sampler.slices(of: partition, in: count)) == members, "\(partition) of \(count)")
            }
        }
    }

    @Test func listsEverySlice() {
        let slices = PartitionSampler(partitions: 2).slices(of: [3, 1])
        #expect(slices.map(\.volume) == [0, 0, 0, 1])
        #expect(slices.map(\.index) == [0, 1, 2, 0])
        #expect(slices.map(\.partition) == [0, 0, 1, 0])
    }

    @Test func batchesAreBalancedAndInOrder() {
        var generator = SeededGenerator(seed: 1)
        let counts = Array(repeating: 10, count: 20)
        let epoch = PartitionSampler().epoch(of: counts, volumes: 2, using: &generator)
        // 200 slices in batches of 2 volumes and 4 partitions.
        #expect(epoch.count == 25)
        for batch in epoch {
            #expect(batch.map(\.partition) == [0, 1, 2, 3, 0, 1, 2, 3])
            #expect(Set(batch[..<4].map(\.volume)).count == 1)
            #expect(Set(batch.map(\.volume)).count == 2)
            for slice in batch {
                #expect(PartitionSampler().partition(of: slice.index, in: 10) == slice.partition)
            }
        }
        #expect(Set(epoch.joined().map(\.volume)).count == 20)
        // Two or three visits to partitions of two and three slices, none of them twice before all were shown once.
        #expect(Set(epoch.joined()).count >= 160)
    }

    static let cohorts: [(counts: [Int], volumes: Int, steps: Int)] = [
        ([10, 8, 12], 2, 4), ([3], 2, 1), ([40], 2, 10), ([1, 1, 1, 1, 1], 2, 3), ([100, 1, 1, 1], 2, 13),
        ([9, 9], 2, 2), ([9, 9], 1, 5), ([5, 5], 3, 1),
    ]

    @Test(arguments: cohorts)
    func visitsEveryVolumeInEveryBatchAtMostOnce(counts: [Int], volumes: Int, steps: Int) {
        for seed in 0..<20 as Range<UInt64> {
            var generator = SeededGenerator(seed: seed)
            let sampler = PartitionSampler()
            let epoch = sampler.epoch(of: counts, volumes: volumes, using: &generator)
            #expect(epoch.count == steps)
            #expect(sampler.steps(of: counts, volumes: volumes) == steps)
            #expect(Set(epoch.joined().map(\.volume)).count == counts.count)
            for batch in epoch {
                let width = min(volumes, counts.count)
                #expect(Set(batch.map(\.volume)).count == width)
                // Of a volume at most one slice from each partition, and one from each that is not empty.
                let expected = Set(batch.map(\.volume)).map { min(4, counts[$0]) }.reduce(0, +)
                #expect(batch.count == expected)
                #expect(Set(batch).count == batch.count)
            }
        }
    }

    @Test func drawsSlicesOfAPartitionEquallyOften() {
        var generator = SeededGenerator(seed: 3)
        var drawn = [Int](repeating: 0, count: 11)
        let visits = 600
        for _ in 0..<visits / 3 {
            // Eleven slices and a volume of one: partitions of 3, 3, 3 and 2 slices.
            for slice in PartitionSampler().epoch(of: [11], volumes: 1, using: &generator).joined() {
                drawn[slice.index] += 1
            }
        }
        for (index, count) in drawn.enumerated() {
            let size = PartitionSampler().slices(of: index * 4 / 11, in: 11).count
            #expect(abs(count - visits / size) <= visits / 10, "slice \(index) was drawn \(count) times")
        }
    }

    @Test func dependsOnTheSeedAlone() {
        func epoch(_ seed: UInt64) -> [[PartitionSampler.Slice]] {
            var generator = SeededGenerator(seed: seed)
            return PartitionSampler().epoch(of: [10, 8, 12, 9], volumes: 2, using: &generator)
        }
        #expect(epoch(1) == epoch(1))
        #expect(epoch(1) != epoch(2))
    }
}
