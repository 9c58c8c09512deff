import Foundation
import Tensor
import Workloads

/// The time and memory that a workload took.
struct Measurement {
    /// The duration of each run, in ms.
    let times: [Double]
    /// The number of operations in one run.
    let operations: Int
    /// The resident memory of the process before any preparation, in MB.
    let start: Double
    /// The peak resident memory of the process so far, in MB.
    let peak: Double

    /// The condition that ends a measurement.
    enum Limit {
        /// After the given number of runs.
        case runs(Int)
        /// After the given time and five runs, or after the longer of the given time and a minute in any case.
        case time(Duration)
    }

    /// Measures a workload after a warm-up.
    init<Work: Workload>(of work: inout Work, until limit: Limit, start: Double) async throws {
        try await work.warmUp()
        let clock = ContinuousClock()
        let began = clock.now
        var times: [Double] = []
        func isEnough() -> Bool {
            switch limit {
            case .runs(let count): return times.count >= count
            case .time(let time):
                let passed = began.duration(to: clock.now)
                return times.count >= 5 && passed >= time || passed >= max(time, .seconds(60))
            }
        }
        repeat {
            let start = clock.now
            try await work.run()
            times.append(start.duration(to: clock.now) / .milliseconds(1))
        } while !isEnough()
        (self.times, operations, self.start, peak) = (times, work.operations, start, Self.residentPeak)
    }

    /// Returns a quantile of the durations, in ms, interpolated between runs.
    func quantile(_ fraction: Double) -> Double {
        let sorted = times.sorted()
        let place = fraction * Double(sorted.count - 1)
        let below = Int(place)
        let above = min(below + 1, sorted.count - 1)
        return sorted[below] + (place - Double(below)) * (sorted[above] - sorted[below])
    }

    /// The rate of the median run, in billions of operations per second, counted by definition.
    var rate: Double { Double(operations) / quantile(0.5) / 1e6 }

    /// The peak resident memory of this process so far, in MB of 10⁶ bytes.
    static var residentPeak: Double {
        var usage = rusage()
        #if os(Linux)
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return Double(usage.ru_maxrss) * 1024 / 1e6
        #else
        getrusage(RUSAGE_SELF, &usage)
        return Double(usage.ru_maxrss) / 1e6
        #endif
    }
}
