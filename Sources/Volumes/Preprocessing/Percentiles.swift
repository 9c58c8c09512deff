/// Percentiles of a set of numbers, by numpy's default definition: linear interpolation between the two values whose
/// ranks enclose `p/100 · (n − 1)`.
///
/// Numbers that are not finite are left out.
///
/// - Complexity: O(n) for the first and for each further percentile: values are selected by their bit patterns, 16
///   bits at a time, and never sorted.
struct Percentiles {
    /// Values as integers in the same order.
    private let keys: [UInt32]
    /// `counts[b]`: keys whose upper half is below b.
    private let ranks: [Int]

    init(of values: [Float]) {
        keys = values.lazy.filter(\.isFinite).map(Self.key)
        var counts = [Int](repeating: 0, count: 65_537)
        for key in keys { counts[Int(key >> 16) + 1] += 1 }
        for b in 1..<counts.count { counts[b] += counts[b - 1] }
        ranks = counts
    }

    /// The percentiles at both ends of `range`; 0 … 0 for an empty set.
    func range(_ range: ClosedRange<Double>) -> ClosedRange<Float> {
        let (low, high) = (self[range.lowerBound], self[range.upperBound])
        return low...max(low, high)
    }

    /// The percentile `p`, 0 … 100; 0 for an empty set.
    subscript(p: Double) -> Float {
        guard !keys.isEmpty else { return 0 }
        let place = p / 100 * Double(keys.count - 1)
        let below = Int(place.rounded(.down))
        let low = Double(value(ofRank: below))
        guard place > Double(below) else { return Float(low) }
        return Float(low + (Double(value(ofRank: below + 1)) - low) * (place - Double(below)))
    }

    /// The number with `rank` smaller ones before it.
    private func value(ofRank rank: Int) -> Float {
        var (low, high) = (0, 65_535)  // The last bucket that begins at or before the rank.
        while low < high {
            let middle = (low + high + 1) / 2
            if ranks[middle] <= rank { low = middle } else { high = middle - 1 }
        }
        var counts = [Int](repeating: 0, count: 65_536)
        for key in keys where Int(key >> 16) == low { counts[Int(key & 0xFFFF)] += 1 }
        var left = rank - ranks[low]
        var digit = 0
        while left >= counts[digit] {
            left -= counts[digit]
            digit += 1
        }
        return Self.value(UInt32(low) << 16 | UInt32(digit))
    }

    private static func key(_ value: Float) -> UInt32 {
        let bits = value.bitPattern
        return bits >> 31 == 0 ? bits | 0x8000_0000 : ~bits
    }

    private static func value(_ key: UInt32) -> Float {
        Float(bitPattern: key >> 31 == 1 ? key & 0x7FFF_FFFF : ~key)
    }
}
