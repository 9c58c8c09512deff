import Benchmark
import Tensor
import Workloads

/// The amount of work in one run of a benchmark, from which its rate per second follows.
enum Amount {
    /// Floating-point operations; a multiplication and an addition count as two.
    ///
    /// The count follows from the definition of the operation, not from the kernel. A Winograd convolution, which needs
    /// fewer multiplications, can therefore exceed the peak of the machine.
    case operations(Int)
    /// Bytes that must be read and written once, regardless of how many the kernel moves.
    case bytes(Int)

    var count: Int {
        switch self {
        case .operations(let count), .bytes(let count): count
        }
    }

    /// The metric for the rate, in millions per second.
    var metric: BenchmarkMetric {
        let name =
            switch self {
            case .operations: "MFLOP/s"
            case .bytes: "MB/s"
            }
        return .custom(name, polarity: .prefersLarger, useScalingFactor: false)
    }
}

extension BenchmarkMetric {
    /// The rate as a percentage of the peak of one core's multiply-add units.
    static var percentOfPeak: BenchmarkMetric {
        .custom("% of FMA peak", polarity: .prefersLarger, useScalingFactor: false)
    }
}

/// Registers a benchmark under `name`, with underscores in place of spaces.
///
/// The tool reads thresholds from a file with the benchmark's exact name but writes them to one without spaces.
///
/// - Parameters:
///   - isComparedToPeak: Whether to also report the rate as a percentage of one core's peak.
///   - isRepeated: Whether a short kernel runs a thousand times between two readings of the clock. Pass `false` for a
///     kernel that starts and stops the stopwatch itself.
///   - prepare: Creates the operands, outside the measured time, and returns the closure that uses them and the
///     stopwatch once.
func register(
    _ name: String, _ amount: Amount, isComparedToPeak: Bool = false, isRepeated: Bool = true,
    prepare: @escaping () throws -> (Stopwatch) -> Void
) {
    let isShort = isRepeated && amount.count < 5_000_000
    let settings =
        isComparedToPeak
        ? configuration(amount.metric, .percentOfPeak, isShort: isShort)
        : configuration(amount.metric, isShort: isShort)
    Benchmark(identifier(name), configuration: settings) {
        (benchmark: Benchmark, run: (Stopwatch) -> Void) in
        let stopwatch = Stopwatch(benchmark)
        run(stopwatch)
        let rate = Double(amount.count) / (stopwatch.time / .microseconds(1))
        benchmark.measurement(amount.metric, Int(rate))
        if isComparedToPeak { benchmark.measurement(.percentOfPeak, Int(100 * rate / Peak.rate)) }
    } setup: {
        try prepare()
    }
}

/// Registers work that may suspend, on the given number of threads or, if that is `nil`, on all.
func register(_ name: String, threads: Int?, work: @escaping () throws -> some Workload) {
    let metric = Amount.operations(0).metric
    Benchmark(identifier(name), configuration: configuration(metric)) {
        (benchmark: Benchmark, work: Box) async throws in
        let stopwatch = Stopwatch(benchmark)
        try await Parallel.$threadLimit.withValue(threads) {
            stopwatch.start()
            try await work.value.run()
            stopwatch.stop()
        }
        let rate = Double(work.value.operations) / (stopwatch.time / .microseconds(1))
        benchmark.measurement(metric, Int(rate))
    } setup: {
        try Box(work())
    }
}

/// A reference to work whose state changes during the measurement.
private final class Box {
    var value: any Workload
    init(_ value: any Workload) { self.value = value }
}

private func identifier(_ name: String) -> String {
    String(name.map { $0 == " " ? "_" : $0 })
}

private func configuration(
    _ metrics: BenchmarkMetric..., isShort: Bool = false
) -> Benchmark.Configuration {
    Benchmark.Configuration(
        metrics: [.wallClock] + metrics,
        units: Dictionary(uniqueKeysWithValues: metrics.map { ($0, .count) }), warmupIterations: 3,
        scalingFactor: isShort ? .kilo : .one, maxDuration: .milliseconds(500),
        // A busy neighbor can add half as much time again; a larger difference means a different kernel.
        thresholds: [.wallClock: BenchmarkThresholds(relative: [.p90: 50])].merging(
            metrics.map { ($0, BenchmarkThresholds(relative: [.p90: 33])) }
        ) { $1 })
}
