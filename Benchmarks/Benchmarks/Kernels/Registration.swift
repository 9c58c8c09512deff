import Benchmark
import Tensor
import Workloads

/// What a run of a benchmark stands for: its rate is this amount a second.
enum Amount {
    /// Floating-point operations, a multiplication and an addition being two.
    ///
    /// Operations are counted as the definition of the operation has them, whatever the kernel really does: a Winograd
    /// convolution, which multiplies less, may pass the peak of the machine.
    case operations(Int)
    /// Bytes that have to be read and written once, whatever the kernel really moves.
    case bytes(Int)

    var count: Int {
        switch self {
        case .operations(let count), .bytes(let count): count
        }
    }

    /// Millions a second.
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
    /// Hundredths of what the multiply-add units of one core can do at most.
    static var percentOfPeak: BenchmarkMetric {
        .custom("% of FMA peak", polarity: .prefersLarger, useScalingFactor: false)
    }
}

/// Registers a benchmark under `name`, with underscores for blanks: a threshold is looked for in a file of the
/// benchmark's very name, but written to one without blanks.
///
/// - Parameters:
///   - isComparedToPeak: Whether its rate is shown as a part of one core's peak, too.
///   - isRepeated: Whether a short kernel runs a thousand times between two looks at the clock; one that starts and
///     stops the watch itself does not.
///   - prepare: Makes the operands, which is not measured, and returns the closure that uses them and the stopwatch
///     once.
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

/// Registers work that may suspend, on a number of threads or on all.
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

/// Holds work that changes while it is measured.
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
        // A busy neighbour may cost half as much again; what costs more than that is another kernel.
        thresholds: [.wallClock: BenchmarkThresholds(relative: [.p90: 50])].merging(
            metrics.map { ($0, BenchmarkThresholds(relative: [.p90: 33])) }
        ) { $1 })
}
