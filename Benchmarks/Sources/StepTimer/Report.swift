import Foundation
import Tensor

/// A measurement as one line of JSON, in the format that `Benchmarks/PyTorch/step_timer.py` also prints.
struct Report: Encodable {
    private let step: StepTimer.Step
    private let width: Int
    private let size: Int
    private let batch: Int
    private let threads: Int
    private let medianMs: Double
    private let p10Ms: Double
    private let p90Ms: Double
    private let gflops: Double
    private let peakMb: Double
    private let startMb: Double
    private let timesMs: [Double]
    private let instructionSet = Machine.instructionSet

    init(step: StepTimer.Step, width: Int, size: Int, batch: Int, threads: Int, measurement: Measurement) {
        (self.step, self.width, self.size, self.batch, self.threads) = (step, width, size, batch, threads)
        (medianMs, p10Ms, p90Ms) = (measurement.quantile(0.5), measurement.quantile(0.1), measurement.quantile(0.9))
        (gflops, peakMb, startMb) = (measurement.rate, measurement.peak, measurement.start)
        timesMs = measurement.times
    }

    /// The report as one line of JSON.
    var line: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.keyEncodingStrategy = .convertToSnakeCase
            encoder.outputFormatting = .sortedKeys
            return String(decoding: try encoder.encode(self), as: UTF8.self)
        }
    }
}
