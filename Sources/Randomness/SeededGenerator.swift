#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A small, fast random number generator whose stream is determined by its seed on every machine (xoshiro256★★).
///
/// Everything random in this package takes a generator as an argument; there is no global one. Independent streams
/// come from a seed and a path of integers, so that "client 3 in round 7" gets the same numbers regardless of what
/// ran before:
///
/// ```swift
/// var generator = SeededGenerator(seed: 1, path: round, client)
/// let angle = generator.uniform(in: -15...15)
/// ```
///
/// The state is `Codable`: a run can save it, and continue with the very next number. Uniform and normal numbers are
/// produced here rather than by the standard library, whose algorithms may change between versions.
///
/// Source: Blackman and Vigna, "Scrambled linear pseudorandom number generators", ACM TOMS 47(4), 2021.
public struct SeededGenerator: RandomNumberGenerator, Hashable, Codable, Sendable {
    private var s0: UInt64
    private var s1: UInt64
    private var s2: UInt64
    private var s3: UInt64

    /// Creates a generator whose stream is determined by `seed` and every integer of `path`, in order.
    public init(seed: UInt64, path: Int...) {
        self.init(seed: seed, path: path)
    }

    /// Creates a generator whose stream is determined by `seed` and every integer of `path`, in order.
    public init(seed: UInt64, path: [Int]) {
        var state = seed
        for step in path {
            state = Self.mix(state &+ 0x9E37_79B9_7F4A_7C15) ^ UInt64(bitPattern: Int64(step)) &* 0xD6E8_FEB8_6659_FD93
        }
        func draw() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            return Self.mix(state)
        }
        (s0, s1, s2, s3) = (draw(), draw(), draw(), draw())
    }

    /// Returns the output of SplitMix64's output function.
    private static func mix(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// Returns the next 64 random bits.
    public mutating func next() -> UInt64 {
        let product = s1 &* 5
        let result = ((product << 7) | (product >> 57)) &* 9
        let shifted = s1 << 17
        s2 ^= s0
        s3 ^= s1
        s1 ^= s2
        s0 ^= s3
        s2 ^= shifted
        s3 = (s3 << 45) | (s3 >> 19)
        return result
    }

    /// Returns a number sampled uniformly from [0, 1), with 24 random bits.
    public mutating func uniform() -> Float {
        Float(next() >> 40) * 0x1p-24
    }

    /// Returns a number sampled uniformly from `range`.
    public mutating func uniform(in range: ClosedRange<Float>) -> Float {
        range.lowerBound + (range.upperBound - range.lowerBound) * uniform()
    }

    /// Returns an integer sampled uniformly from `0 ..< bound`, without modulo bias (Lemire's method).
    ///
    /// - Precondition: `bound > 0`.
    public mutating func integer(below bound: Int) -> Int {
        precondition(bound > 0, "an integer below \(bound) does not exist")
        let bound = UInt64(bound)
        var product = next().multipliedFullWidth(by: bound)
        if product.low < bound {
            let threshold = (0 &- bound) % bound
            while product.low < threshold { product = next().multipliedFullWidth(by: bound) }
        }
        return Int(product.high)
    }

    /// Returns `true` with the given probability.
    public mutating func chance(_ probability: Float) -> Bool {
        uniform() < probability
    }

    /// Returns a random permutation of `0 ..< count` (Fisher–Yates).
    public mutating func permutation(of count: Int) -> [Int] {
        var order = Array(0..<count)
        for i in stride(from: count - 1, to: 0, by: -1) { order.swapAt(i, integer(below: i + 1)) }
        return order
    }
}

extension SeededGenerator {
    /// Returns a number sampled from the normal distribution with the given mean and standard deviation.
    ///
    /// It uses the Box–Muller transform and discards the second number of each pair, so that the state is complete.
    public mutating func normal(mean: Float = 0, standardDeviation: Float = 1) -> Float {
        let radius = (-2 * log(1 - Double(uniform()))).squareRoot()
        let angle = 2 * Double.pi * Double(uniform())
        return mean + standardDeviation * Float(radius * cos(angle))
    }
}
