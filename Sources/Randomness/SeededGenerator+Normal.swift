#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

extension SeededGenerator {
    /// A number drawn from the normal distribution with the given mean and standard deviation (Box–Muller; one
    /// number a call, so that a stored state never hides half a pair).
    public mutating func normal(mean: Float = 0, standardDeviation: Float = 1) -> Float {
        let radius = (-2 * log(1 - Double(uniform()))).squareRoot()
        let angle = 2 * Double.pi * Double(uniform())
        return mean + standardDeviation * Float(radius * cos(angle))
    }
}
