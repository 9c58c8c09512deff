import Benchmark

/// The clock of one iteration of a benchmark.
///
/// A kernel either hands `measure` what is to be timed, or calls `start` and `stop` itself where what is to be timed
/// happens in the middle of something larger.
final class Stopwatch {
    private let benchmark: Benchmark
    private let clock = ContinuousClock()
    private var began: ContinuousClock.Instant?
    private(set) var time: Duration = .zero

    init(_ benchmark: Benchmark) {
        self.benchmark = benchmark
    }

    func start() {
        benchmark.startMeasurement()
        began = clock.now
    }

    func stop() {
        let end = clock.now
        benchmark.stopMeasurement()
        guard let began else { preconditionFailure("a stopwatch was stopped that had not been started") }
        time = began.duration(to: end)
    }

    /// Times `kernel`, repeated if it is short, so that the clock's own cost does not count.
    func measure(_ kernel: () -> Void) {
        let repetitions = benchmark.scaledIterations
        start()
        for _ in repetitions { kernel() }
        stop()
        time /= repetitions.count
    }
}

extension BenchmarkMetric {
    /// Millions of floating-point operations a second, a multiplication and an addition being two.
    ///
    /// Operations are counted as the definition of the operation has them, whatever the kernel really does: a
    /// Winograd convolution, which multiplies less, may pass the peak of the machine.
    static var rate: BenchmarkMetric { .custom("MFLOP/s", polarity: .prefersLarger, useScalingFactor: false) }
}

/// Registers a benchmark that stands for `operations` floating-point operations under `name`.
///
/// - Parameter prepare: Makes the operands, which is not measured, and returns the closure that uses them and the
///   stopwatch once.
func register(_ name: String, operations: Int, prepare: @escaping () -> (Stopwatch) -> Void) {
    let configuration = Benchmark.Configuration(
        metrics: [.wallClock, .rate], units: [.rate: .count], warmupIterations: 3,
        scalingFactor: operations < 5_000_000 ? .kilo : .one, maxDuration: .milliseconds(500))
    Benchmark(name, configuration: configuration) { (benchmark: Benchmark, run: (Stopwatch) -> Void) in
        let stopwatch = Stopwatch(benchmark)
        run(stopwatch)
        benchmark.measurement(.rate, Int(Double(operations) / (stopwatch.time / .microseconds(1))))
    } setup: {
        prepare()
    }
}
