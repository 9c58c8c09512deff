import Benchmark
import CPeak

/// The peak floating-point rate of one core, the reference for matrix products.
enum Peak {
    private static let iterations: Int64 = 1_000_000

    /// The peak rate in millions of operations per second, measured once: the best of five runs of about 10 ms.
    static let rate: Double = {
        let clock = ContinuousClock()
        return (0..<5).reduce(0.0) { best, _ in
            let start = clock.now
            let operations = cp_multiply_add(iterations)
            return max(best, Double(operations) / (start.duration(to: clock.now) / .microseconds(1)))
        }
    }()

    static func register() {
        let operations = Int(cp_multiply_add(1) * iterations)
        Kernels.register("FMA peak, 1 thread", .operations(operations)) {
            { stopwatch in stopwatch.measure { _ = cp_multiply_add(iterations) } }
        }
    }
}
