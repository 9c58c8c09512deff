/// The weights of antialiased linear resampling along one axis.
///
/// When magnifying (step ≤ 1), the filter is linear interpolation, which reproduces linear ramps exactly. When
/// minifying (step > 1), the triangle kernel is widened by the step so that every source sample contributes; weights
/// are normalized to sum to one. This is the definition of Pillow's `BILINEAR` and of `antialias=True` in torchvision.
/// Target samples beyond the outer edges of the source have no weights, and therefore the value 0.
struct LinearFilter: Sendable {
    let sourceCount: Int
    /// The first source sample and the weights, for each target sample.
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
            // Clamped as Double: with a spacing of 1e-30 mm in a file, the window would overflow any integer.
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

    /// The range of source samples that have a weight.
    private var used: Range<Int> {
        let ranges = taps.lazy.filter { !$0.weights.isEmpty }.map { $0.first..<$0.first + $0.weights.count }
        guard let first = ranges.map(\.lowerBound).min(), let end = ranges.map(\.upperBound).max() else { return 0..<0 }
        return first..<end
    }

    /// Returns the plane `[row, column, channel]`, resampled along both axes, columns first.
    static func apply(rows: LinearFilter, columns: LinearFilter, to plane: [Float], channels: Int) -> [Float] {
        precondition(
            plane.count == rows.sourceCount * columns.sourceCount * channels,
            "\(plane.count) values are not \(rows.sourceCount) × \(columns.sourceCount) × \(channels)")
        let count = rows.targetCount * columns.targetCount * channels
        return [Float](unsafeUninitializedCapacity: count) { result, filled in
            plane.withUnsafeBufferPointer { plane in
                apply(rows: rows, columns: columns, to: plane, channels: channels, into: result)
            }
            filled = count
        }
    }

    /// Writes the plane `[row, column, channel]`, resampled along both axes, columns first, to `result`.
    static func apply(
        rows: LinearFilter, columns: LinearFilter, to plane: UnsafeBufferPointer<Float>, channels: Int,
        into result: UnsafeMutableBufferPointer<Float>
    ) {
        let wide = columns.targetCount * channels
        let used = rows.used
        withUnsafeTemporaryAllocation(of: Float.self, capacity: used.count * wide) { narrowed in
            columns.narrow(plane, rows: used, channels: channels, into: narrowed)
            result.update(repeating: 0)
            for y in 0..<rows.targetCount {
                let (first, range) = rows.taps[y]
                let target = result.baseAddress! + y * wide
                for j in range {
                    let weight = rows.weights[j]
                    let source = narrowed.baseAddress! + (first + j - range.lowerBound - used.lowerBound) * wide
                    for x in 0..<wide { target[x] += weight * source[x] }
                }
            }
        }
    }

    /// Resamples some rows of a plane along the columns, eight rows at a time.
    private func narrow(
        _ plane: UnsafeBufferPointer<Float>, rows: Range<Int>, channels: Int,
        into narrowed: UnsafeMutableBufferPointer<Float>
    ) {
        let line = sourceCount * channels
        let wide = targetCount * channels
        // One vector holds the same column of eight rows.
        withUnsafeTemporaryAllocation(of: SIMD8<Float>.self, capacity: line) { block in
            block.initialize(repeating: .zero)
            let lanes = UnsafeMutableRawPointer(block.baseAddress!).assumingMemoryBound(to: Float.self)
            for start in stride(from: rows.lowerBound, to: rows.upperBound, by: 8) {
                let count = min(8, rows.upperBound - start)
                for lane in 0..<count {
                    let source = plane.baseAddress! + (start + lane) * line
                    for i in 0..<line { lanes[i &* 8 &+ lane] = source[i] }
                }
                let target = narrowed.baseAddress! + (start - rows.lowerBound) * wide
                for x in 0..<targetCount {
                    let (first, range) = taps[x]
                    for channel in 0..<channels {
                        var sum = SIMD8<Float>.zero
                        var place = first * channels + channel
                        for j in range {
                            sum += weights[j] * block[place]
                            place += channels
                        }
                        for lane in 0..<count { target[lane &* wide &+ x &* channels &+ channel] = sum[lane] }
                    }
                }
            }
        }
    }
}

/// The positions of the samples of one evenly spaced axis on another one with the same center.
///
/// Sample i of the target lies at index `(n − 1)/2 + (i − (m − 1)/2) · step` of the source, for n source and m target
/// samples: both axes have the same center, and both indices refer to voxel *centers*.
struct AxisMap: Hashable, Sendable {
    let sourceCount: Int
    let targetCount: Int
    /// The target spacing divided by the source spacing.
    let step: Double

    init(from sourceCount: Int, _ sourceSpacing: Double, to targetCount: Int, _ targetSpacing: Double) {
        self.init(sourceCount: sourceCount, targetCount: targetCount, step: targetSpacing / sourceSpacing)
    }

    private init(sourceCount: Int, targetCount: Int, step: Double) {
        (self.sourceCount, self.targetCount, self.step) = (sourceCount, targetCount, step)
    }

    /// The map in the other direction.
    var inverted: AxisMap { AxisMap(sourceCount: targetCount, targetCount: sourceCount, step: 1 / step) }

    /// Returns the position of target sample `i`, in source samples.
    func position(of i: Int) -> Double {
        Double(sourceCount - 1) / 2 + (Double(i) - Double(targetCount - 1) / 2) * step
    }

    /// Returns whether target sample `i` lies within the outer edges of the first and the last source sample.
    func isInside(_ i: Int) -> Bool {
        let position = position(of: i)
        return position >= -0.5 && position <= Double(sourceCount) - 0.5
    }

    /// Returns the source sample nearest to each target sample; `nil` outside the source.
    func nearest() -> [Int?] {
        (0..<targetCount).map { i in
            guard isInside(i) else { return nil }
            return min(max(Int((position(of: i) + 0.5).rounded(.down)), 0), sourceCount - 1)
        }
    }
}
