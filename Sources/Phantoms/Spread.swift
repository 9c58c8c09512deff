import Randomness
import Volumes

/// A normal distribution cut off at both ends.
struct Spread: Sendable {
    var mean: Float
    var deviation: Float
    var limits: ClosedRange<Float>

    init(_ mean: Float, _ deviation: Float, _ limits: ClosedRange<Float>) {
        (self.mean, self.deviation, self.limits) = (mean, deviation, limits)
    }

    /// A number drawn from the distribution; a draw beyond a limit becomes that limit.
    func draw(using generator: inout SeededGenerator) -> Float {
        min(max(generator.normal(mean: mean, standardDeviation: deviation), limits.lowerBound), limits.upperBound)
    }
}
