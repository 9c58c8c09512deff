import Benchmark

/// A stopwatch for one iteration of a benchmark.
///
/// A kernel passes the code to time to `measure`. If that code is part of something larger, the kernel calls `start`
/// and `stop` instead.
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

    /// Times `kernel`, repeating it if it is short so that the cost of reading the clock is negligible.
    func measure(_ kernel: () -> Void) {
        let repetitions = benchmark.scaledIterations
        start()
        for _ in repetitions { kernel() }
        stop()
        time /= repetitions.count
    }
}
