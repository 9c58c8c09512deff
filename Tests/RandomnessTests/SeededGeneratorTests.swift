import Foundation
@testable import Randomness
import Testing

@Suite struct SeededGeneratorTests {
    @Test func isTheGeneratorOfThePaper() {
        // Computed by an independent implementation of xoshiro256★★, seeded with SplitMix64(1).
        var generator = SeededGenerator(seed: 1)
        #expect(generator.next() == 12_966_619_160_104_079_557)
        #expect(generator.next() == 9_600_361_134_598_540_522)
        #expect(generator.next() == 10_590_380_919_521_690_900)
        #expect(generator.next() == 7_218_738_570_589_545_383)
    }

    @Test func pathsLeadToDifferentStreams() {
        var seen: Set<UInt64> = []
        for path in [[], [0], [1], [0, 0], [0, 1], [1, 0], [-1]] {
            var generator = SeededGenerator(seed: 5, path: path)
            seen.insert(generator.next())
        }
        #expect(seen.count == 7)
        var (a, b) = (SeededGenerator(seed: 5, path: 2, 3), SeededGenerator(seed: 5, path: [2, 3]))
        #expect(a.next() == b.next())
    }

    @Test func aStoredStateGoesOnWithTheNextNumber() throws {
        var generator = SeededGenerator(seed: 5)
        _ = generator.normal()
        var restored = try JSONDecoder().decode(SeededGenerator.self, from: JSONEncoder().encode(generator))
        #expect(restored == generator)
        #expect(restored.normal() == generator.normal())
    }

    @Test func distributionsHaveTheirMoments() {
        var generator = SeededGenerator(seed: 6)
        let count = 20_000
        let uniform = (0..<count).map { _ in Double(generator.uniform(in: -1...3)) }
        #expect(uniform.allSatisfy { $0 >= -1 && $0 < 3 })
        #expect(abs(uniform.reduce(0, +) / Double(count) - 1) < 0.05)
        let normal = (0..<count).map { _ in Double(generator.normal(mean: 2, standardDeviation: 3)) }
        let mean = normal.reduce(0, +) / Double(count)
        let variance = normal.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count)
        #expect(abs(mean - 2) < 0.1 && abs(variance - 9) < 0.4)
        var counts = Array(repeating: 0, count: 3)
        for _ in 0..<3_000 { counts[generator.integer(below: 3)] += 1 }
        #expect(counts.allSatisfy { abs($0 - 1_000) < 120 })
        #expect(generator.permutation(of: 50).sorted() == Array(0..<50))
        let heads = (0..<count).count { _ in generator.chance(0.25) }
        #expect(abs(heads - count / 4) < 300)
    }
}
