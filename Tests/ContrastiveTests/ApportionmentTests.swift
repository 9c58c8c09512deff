import Tensor
import Testing

@testable import Contrastive

@Suite struct ApportionmentTests {
    static let cases: [(count: Int, sizes: [Int])] = [
        (10, [1, 1, 1]), (7, [100, 3, 1]), (3, [1, 1, 1, 1]), (0, [4, 4]), (5, [0, 9, 0, 1]), (200, [17, 23, 60, 100]),
    ]

    @Test(arguments: cases)
    func sharesAddUpAndAreNearTheirParts(count: Int, sizes: [Int]) {
        let total = sizes.reduce(0, +)
        for seed in 0..<50 as Range<UInt64> {
            var generator = SeededGenerator(seed: seed)
            let shares = apportion(count, among: sizes, using: &generator)
            #expect(shares.reduce(0, +) == count)
            for (share, size) in zip(shares, sizes) {
                if size == 0 { #expect(share == 0) }
                if size > 0 && count >= sizes.count(where: { $0 > 0 }) { #expect(share >= 1) }
                let part = Double(count * size) / Double(total)
                #expect(abs(Double(share) - part) < Double(sizes.count), "\(shares)")
            }
        }
    }

    @Test func sharesAreUnbiased() {
        let sizes = [5, 3, 9, 1]
        var sums = [0, 0, 0, 0]
        var generator = SeededGenerator(seed: 1)
        let draws = 3000
        for _ in 0..<draws {
            // Fewer than there are shares, so that none is topped up.
            for (index, share) in apportion(3, among: sizes, using: &generator).enumerated() { sums[index] += share }
        }
        for (sum, size) in zip(sums, sizes) {
            #expect(abs(Double(sum) / Double(draws) - 3 * Double(size) / 18) < 0.03, "\(sums)")
        }
    }
}
