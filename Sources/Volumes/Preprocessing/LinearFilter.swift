/// The weights that resample one axis linearly, without aliasing.
///
/// Magnifying (step ≤ 1), it is linear interpolation, which reproduces linear ramps exactly. Minifying (step > 1), the
/// triangle is widened by the step so that every source sample contributes; weights are normalised to sum to one.
/// This is the definition of Pillow's `BILINEAR` and of `antialias=True` in torchvision.
/// Target samples beyond the outer edges of the source get no weights, and so the value 0.
struct LinearFilter: Sendable {
    let sourceCount: Int
    /// First source sample and weights, for each target sample.
    private let taps: [(first: Int, weights: Range<Int>)]
    private let weights: [Float]

    init(_ map: AxisMap) {
        let support = max(1, map.step)
        var taps: [(first: Int, weights: Range<Int>)] = []
        var weights: [Float] = []
        for i in 0..<map.targetCount {
            guard map.isInside(i) else {
                taps.append((0, weights.count..<weights.count))
                continue
            }
            let position = map.position(of: i)
            // Clamped as Doubles: with a spacing of 1e-30 mm in a file, the window is longer than any integer.
            let first = Int(max(0, (position - support).rounded(.up)))
            let last = Int(min(Double(map.sourceCount - 1), (position + support).rounded(.down)))
            let triangle = (first...last).map { max(0, 1 - abs(Double($0) - position) / support) }
            let sum = triangle.reduce(0, +)
            taps.append((first, weights.count..<weights.count + triangle.count))
            weights += triangle.map { Float($0 / sum) }
        }
        (self.taps, self.weights, sourceCount) = (taps, weights, map.sourceCount)
    }

    var targetCount: Int { taps.count }

    /// The plane `[row, column, channel]` resampled along both axes, columns first.
    static func apply(rows: LinearFilter, columns: LinearFilter, to plane: [Float], channels: Int) -> [Float] {
        precondition(
            plane.count == rows.sourceCount * columns.sourceCount * channels,
            "\(plane.count) values are not \(rows.sourceCount) × \(columns.sourceCount) × \(channels)")
        let wide = columns.targetCount * channels
        var narrowed = [Float](repeating: 0, count: rows.sourceCount * wide)
        for y in 0..<rows.sourceCount {
            let source = y * columns.sourceCount * channels
            for x in 0..<columns.targetCount {
                let (first, range) = columns.taps[x]
                for c in 0..<channels {
                    var sum: Float = 0
                    for j in range {
                        sum += columns.weights[j] * plane[source + (first + j - range.lowerBound) * channels + c]
                    }
                    narrowed[y * wide + x * channels + c] = sum
                }
            }
        }
        var result = [Float](repeating: 0, count: rows.targetCount * wide)
        for y in 0..<rows.targetCount {
            let (first, range) = rows.taps[y]
            for j in range {
                let weight = rows.weights[j]
                let source = (first + j - range.lowerBound) * wide
                for x in 0..<wide { result[y * wide + x] += weight * narrowed[source + x] }
            }
        }
        return result
    }
}
