import Tensor
import Testing

@testable import Volumes

@Suite struct PercentilesTests {
    // Golden values: numpy.percentile([3.5, -1.25, 7, 0, 2, 9.75, 4], p), numpy 2.
    @Test(
        "Percentiles are numpy's",
        arguments: [
            (0, -1.25), (1, -1.175), (10, -0.5), (37.5, 2.375), (50, 3.5), (99, 9.585), (100, 9.75),
        ])
    func numpy(p: Double, expected: Double) {
        let value = Percentiles(of: [3.5, -1.25, 7, 0, 2, 9.75, 4])[p]
        #expect(abs(Double(value) - expected) < 1e-6)
    }

    @Test("Selection agrees with sorting, with ties, both signs and wide ranges")
    func sorting() {
        var generator = SeededGenerator(seed: 5)
        for count in [1, 2, 100, 3001] {
            let values = (0..<count).map { i -> Float in
                switch i % 4 {
                case 0: Float(generator.integer(below: 5))
                case 1: generator.normal(standardDeviation: 1e-20)
                case 2: generator.normal(standardDeviation: 1e20)
                default: generator.normal()
                }
            }
            let sorted = values.sorted()
            let percentiles = Percentiles(of: values)
            for rank in stride(from: 0, to: count, by: max(1, count / 50)) {
                let p = count > 1 ? 100 * Double(rank) / Double(count - 1) : 0
                // A place between two ranks by rounding alone gives one of their values.
                let near = sorted[max(0, rank - 1)...min(count - 1, rank + 1)]
                #expect(percentiles[p] >= near.first! && percentiles[p] <= near.last!)
            }
            #expect(percentiles[0] == sorted[0] && percentiles[100] == sorted[count - 1])
        }
    }

    @Test("What is not a number does not count; nothing gives 0")
    func notFinite() {
        #expect(Percentiles(of: [.nan, 3, .infinity, 1, -.infinity])[50] == 2)
        #expect(Percentiles(of: [.nan])[50] == 0)
        #expect(Percentiles(of: []).range(1...99) == 0...0)
    }
}
