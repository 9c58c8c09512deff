import Testing
import _TestSupport

@testable import Tensor

/// Each in a process of its own: the pool's counters see every tensor of the process.
@Suite struct BufferPoolTests {
    @Test func servesTheSameRequestsFromTheSameMemory() async {
        await #expect(processExitsWith: .success) {
            let before = BufferPool.shared.statistics
            #expect(before.liveBytes == 0)
            func step() {
                let a = Tensor(zeros: [1_000]), b = Tensor(zeros: [70_000])
                _ = (a.rows(0..<10), b.reshaped(to: [70, 1_000]))
            }
            step()
            let first = BufferPool.shared.statistics
            #expect(first.misses == 2 && first.hits == 0 && first.liveBytes == 0)
            #expect(first.idleBytes >= 71_000 * 4 && first.idleBytes < 71_000 * 4 * 9 / 8 + 256)
            #expect(first.peakBytes == first.idleBytes)
            step()
            let second = BufferPool.shared.statistics
            #expect(second.misses == 2 && second.hits == 2 && second.liveBytes == 0)
            #expect(second.peakBytes == first.peakBytes)
        }
    }

    @Test func aViewKeepsTheMemoryOfTheWhole() async {
        await #expect(processExitsWith: .success) {
            var view = Tensor(repeating: 3, shape: [4, 1_000]).rows(1..<2)
            let held = BufferPool.shared.statistics.liveBytes
            #expect(held >= 16_000)
            #expect(view.elements == Array(repeating: 3, count: 1_000))
            view = Tensor(zeros: [1])
            #expect(BufferPool.shared.statistics.liveBytes == 128)
            _ = view
        }
    }

    @Test func blocksDoNotOverlapAndAreAligned() {
        // Small ones fill more than a slab; large ones stand alone.
        let sizes = (0..<60).map { 16 + 4_099 * $0 % 250_000 } + [300_000, 3_000_000]
        let blocks = sizes.map { (BufferPool.shared.take($0), $0) }
        let ranges = blocks.map { UInt(bitPattern: $0.0.0)..<UInt(bitPattern: $0.0.0 + $0.0.capacity) }
            .sorted { $0.lowerBound < $1.lowerBound }
        #expect(zip(ranges, ranges.dropFirst()).allSatisfy { $0.upperBound <= $1.lowerBound })
        #expect(ranges.allSatisfy { $0.lowerBound % 64 == 0 })
        for (block, _) in blocks { BufferPool.shared.giveBack(block.0, capacity: block.capacity) }
    }

    @Test func roundsRequestsUpByAnEighthAtMost() {
        for count in [1, 32, 33, 47, 48, 49, 129, 1_000, 65_536, 65_537, 1_000_003] {
            let (pointer, capacity) = BufferPool.shared.take(count)
            #expect(capacity >= count && capacity <= max(32, count * 9 / 8 + 16), "\(count): \(capacity)")
            BufferPool.shared.giveBack(pointer, capacity: capacity)
        }
    }
}
