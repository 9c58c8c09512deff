/// The percentiles of a set of numbers, by NumPy's default definition: linear interpolation between the two values
/// whose ranks enclose `p/100 · (n − 1)`.
///
/// Numbers that are not finite are excluded.
///
/// - Complexity: O(n) for the first and for each further percentile: values are selected by their bit patterns, first
///   by 12 bits, then by 10 and another 10 among those that share the first, and are never sorted.
struct Percentiles {
    private let values: [Float]
    /// `ranks[b]`: the number of finite values whose first 12 key bits are below b.
    private let ranks: [Int]

    init(of values: [Float]) {
        self.values = values
        let counts = Self.countsByFirstBits(of: values)
        var ranks = [0]
        ranks.reserveCapacity(Self.buckets + 1)
        for bucket in 0..<Self.buckets { ranks.append(ranks[bucket] + counts[bucket]) }
        self.ranks = ranks
    }

    /// Returns the percentiles at both ends of `range`; 0 … 0 for an empty set.
    func range(_ range: ClosedRange<Double>) -> ClosedRange<Float> {
        let (low, high) = (self[range.lowerBound], self[range.upperBound])
        return low...max(low, high)
    }

    /// The percentile `p`, 0 … 100; 0 for an empty set.
    subscript(p: Double) -> Float {
        guard let count = ranks.last, count > 0 else { return 0 }
        let place = p / 100 * Double(count - 1)
        let below = Int(place.rounded(.down))
        let bucket = bucket(ofRank: below)
        let members = members(of: bucket)
        let low = Double(Self.value(ofRank: below - ranks[bucket], among: members))
        guard place > Double(below) else { return Float(low) }
        let next = below + 1
        let high =
            next < ranks[bucket + 1]
            ? Self.value(ofRank: next - ranks[bucket], among: members)
            : Self.value(ofRank: 0, among: self.members(of: self.bucket(ofRank: next)))
        return Float(low + (Double(high) - low) * (place - Double(below)))
    }

    /// Returns the bucket that holds the rank: the last one that begins at or before it.
    private func bucket(ofRank rank: Int) -> Int {
        var (low, high) = (0, Self.buckets - 1)
        while low < high {
            let middle = (low + high + 1) / 2
            if ranks[middle] <= rank { low = middle } else { high = middle - 1 }
        }
        return low
    }

    /// Returns the keys of all values in a bucket.
    private func members(of bucket: Int) -> [UInt32] {
        let count = ranks[bucket + 1] - ranks[bucket]
        // The first 12 bits of the bucket's values.
        let first = Self.value(UInt32(bucket) << 20).bitPattern >> 20
        return [UInt32](unsafeUninitializedCapacity: count + 1) { keys, filled in
            values.withUnsafeBufferPointer { values in
                // Branch-free: every key is written, and kept only if it belongs to the bucket.
                for value in values {
                    let bits = value.bitPattern
                    keys[filled] = bits
                    filled &+= bits >> 20 == first ? 1 : 0
                }
            }
            for i in 0..<filled { keys[i] = Self.key(Float(bitPattern: keys[i])) }
        }
    }

    /// Returns the value with the given rank, among keys that share their first 12 bits.
    private static func value(ofRank rank: Int, among keys: [UInt32]) -> Float {
        var (key, left) = (keys[0] >> 20, rank)
        for (shift, known) in [(10 as UInt32, 20 as UInt32), (0, 10)] {
            var counts = [Int](repeating: 0, count: 1024)
            for other in keys where other >> known == key { counts[Int(other >> shift & 1023)] += 1 }
            var digit = 0
            while left >= counts[digit] {
                left -= counts[digit]
                digit += 1
            }
            key = key << 10 | UInt32(digit)
        }
        return value(key)
    }

    private static let buckets = 4096

    /// Counts the finite values by the first 12 bits of their keys: sign, exponent, and three bits of the fraction.
    private static func countsByFirstBits(of values: [Float]) -> [Int] {
        // Four tables, since consecutive additions to one address are slow, and background voxels share one value.
        var tables = [UInt32](repeating: 0, count: 4 * buckets)
        tables.withUnsafeMutableBufferPointer { tables in
            values.withUnsafeBufferPointer { values in
                var i = 0
                while i + 4 <= values.count {
                    for table in 0..<4 {
                        tables[table &* buckets &+ Int(values[i &+ table].bitPattern >> 20)] &+= 1
                    }
                    i += 4
                }
                while i < values.count {
                    tables[Int(values[i].bitPattern >> 20)] &+= 1
                    i += 1
                }
            }
        }
        var counts = [Int](repeating: 0, count: buckets)
        for bits in 0..<buckets where bits & 0x7F8 != 0x7F8 {
            let bucket = Int(key(Float(bitPattern: UInt32(bits) << 20)) >> 20)
            counts[bucket] = (0..<4).reduce(0) { $0 + Int(tables[$1 * buckets + bits]) }
        }
        return counts
    }

    /// Returns an integer that orders like the value.
    private static func key(_ value: Float) -> UInt32 {
        let bits = value.bitPattern
        return bits >> 31 == 0 ? bits | 0x8000_0000 : ~bits
    }

    private static func value(_ key: UInt32) -> Float {
        Float(bitPattern: key >> 31 == 1 ? key & 0x7FFF_FFFF : ~key)
    }
}
