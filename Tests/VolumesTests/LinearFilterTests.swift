import Tensor
import Testing

@testable import Volumes

@Suite struct LinearFilterTests {
    /// Extents, spacings and channels: fewer than eight rows, several blocks of eight, magnified and minified, with a
    /// border outside the source, cropped, and of one sample.
    static let geometries: [(source: (Int, Int), target: (Int, Int), step: (Double, Double), channels: Int)] = [
        ((5, 7), (9, 4), (0.7, 1.9), 1), ((8, 8), (8, 8), (1, 1), 1), ((17, 23), (11, 12), (1.37, 2.6), 1),
        ((40, 9), (16, 32), (0.6, 0.9), 1), ((13, 10), (12, 7), (1.3, 0.5), 4), ((1, 1), (3, 3), (0.5, 0.5), 2),
        ((9, 9), (2, 2), (8, 8), 1), ((6, 5), (4, 4), (40, 40), 1),
    ]

    @Test("A plane is resampled as the definition says", arguments: geometries.indices)
    func definition(index: Int) {
        let (source, target, step, channels) = Self.geometries[index]
        let rows = AxisMap(from: source.0, 1, to: target.0, step.0)
        let columns = AxisMap(from: source.1, 1, to: target.1, step.1)
        var generator = SeededGenerator(seed: 3, path: index)
        let plane = (0..<source.0 * source.1 * channels).map { _ in generator.normal() }
        let result = LinearFilter.apply(
            rows: LinearFilter(rows), columns: LinearFilter(columns), to: plane, channels: channels)
        #expect(result.count == target.0 * target.1 * channels)
        var worst = 0.0
        for y in 0..<target.0 {
            let down = weights(rows, y)
            for x in 0..<target.1 {
                let across = weights(columns, x)
                for channel in 0..<channels {
                    var sum = 0.0
                    for (i, a) in down.enumerated() {
                        for (j, b) in across.enumerated() {
                            sum += a * b * Double(plane[(i * source.1 + j) * channels + channel])
                        }
                    }
                    let found = Double(result[(y * target.1 + x) * channels + channel])
                    worst = max(worst, abs(found - sum))
                }
            }
        }
        #expect(worst < 1e-5)
    }

    /// The weight of every source sample in target sample `i`, or all zero outside the source.
    private func weights(_ map: AxisMap, _ i: Int) -> [Double] {
        let position = map.position(of: i)
        guard position >= -0.5, position <= Double(map.sourceCount) - 0.5 else {
            return .init(repeating: 0, count: map.sourceCount)
        }
        let raw = (0..<map.sourceCount).map { max(0, 1 - abs(Double($0) - position) / max(1, map.step)) }
        let sum = raw.reduce(0, +)
        return raw.map { $0 / sum }
    }
}
