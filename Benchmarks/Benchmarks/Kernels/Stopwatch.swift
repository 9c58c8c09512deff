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
