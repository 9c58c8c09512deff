import ArgumentParser
import Foundation
import Tensor
import Workloads

/// Times one kind of work in a process of its own, for comparison with another program.
@main
struct StepTimer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "StepTimer", abstract: "Times one kind of work after a warm-up.",
        discussion: """
            Prints the median and the 10th and 90th percentiles in ms, the rate in GFLOP/s, and the peak resident \
            memory in MB of 10^6 bytes. Operations are counted by definition: a multiplication and an addition are \
            two, and a training step is three forward passes minus the gradient with respect to the image.
            """)

    enum Step: String, ExpressibleByArgument, CaseIterable, Encodable {
        case encoder, unet, inference, round
    }

    @Option(
        help: """
            encoder: contrastive training step (encoder, projection head, loss against a bank, backward pass, Adam). \
            unet: training step of the whole network (cross-entropy, backward pass, Adam). \
            inference: the network's forward pass. \
            round: one federated round of all clients.
            """)
    var step: Step
    @Option(help: "Channels of the network's first level.")
    var width = 32
    @Option(help: "Rows and columns of an image; a multiple of 16.")
    var size = 192
    @Option(help: "Images in a batch; a multiple of 4 for a round.")
    var batch = 8
    @Option(help: "Number of threads.")
    var threads = Parallel.threadCount
    @Option(help: "Number of timed runs (default: as many as fit into --seconds, but at least five).")
    var iterations: Int?
    @Option(help: "Seconds to measure if --iterations is not given.")
    var seconds = 5.0
    @Option(help: "Features in the bank (default: 4096; for a round, one per slice).")
    var bank: Int?
    @Option(help: "Length of a feature.")
    var dimension = 128
    @Option(help: "Clients in a round.")
    var clients = 10
    @Option(help: "Slices of each client; a multiple of 10.")
    var slices = 200
    @Option(help: "Clients that run in parallel, one thread each if more than one (default: the number of threads).")
    var clientsInParallel: Int?
    @Flag(help: "Print one line of JSON.")
    var json = false

    func validate() throws {
        func check(_ condition: Bool, _ complaint: String) throws {
            if !condition { throw ValidationError(complaint) }
        }
        try check((1...1024).contains(width), "--width \(width): 1 to 1024 expected")
        try check(size > 0 && size.isMultiple(of: 16), "--size \(size): a multiple of 16 expected")
        try check(batch > 0, "--batch \(batch): a positive number expected")
        try check((1...1024).contains(threads), "--threads \(threads): 1 to 1024 expected")
        try check(iterations.map { $0 > 0 } ?? true, "--iterations: a positive number expected")
        try check((0...3600).contains(seconds), "--seconds \(seconds): 0 to 3600 expected")
        try check(bank.map { $0 > 0 } ?? true, "--bank: a positive number expected")
        try check(dimension > 0, "--dimension \(dimension): a positive number expected")
        try check(clients > 0, "--clients \(clients): a positive number expected")
        try check(slices > 0 && slices.isMultiple(of: 10), "--slices \(slices): a multiple of 10 expected")
        try check(clientsInParallel.map { $0 > 0 } ?? true, "--clients-in-parallel: a positive number expected")
        try check(step != .round || batch.isMultiple(of: 4), "--batch \(batch): a multiple of 4 expected in a round")
    }

    func run() async throws {
        let measurement = try await Parallel.$threadLimit.withValue(threads) { try await measure() }
        print(try json ? report(measurement).line : summary(measurement))
    }

    private var limit: Measurement.Limit {
        iterations.map(Measurement.Limit.runs) ?? .time(.seconds(seconds))
    }

    private func measure() async throws -> Measurement {
        let start = Measurement.residentPeak
        let extents = Extents(width: width, size: size, batch: batch)
        switch step {
        case .encoder:
            var work = EncoderStep(extents, bank: bank ?? 4096, dimension: dimension)
            return try await Measurement(of: &work, until: limit, start: start)
        case .unet:
            var work = UNetStep(extents)
            return try await Measurement(of: &work, until: limit, start: start)
        case .inference:
            var work = UNetInference(extents)
            return try await Measurement(of: &work, until: limit, start: start)
        case .round:
            var work = try FederatedRound(
                extents, clients: clients, slices: slices, bank: bank, dimension: dimension,
                clientsInParallel: min(clientsInParallel ?? threads, clients))
            return try await Measurement(of: &work, until: limit, start: start)
        }
    }

    private func report(_ measurement: Measurement) -> Report {
        Report(
            step: step, width: width, size: size, batch: batch, threads: threads, measurement: measurement)
    }

    private func summary(_ measurement: Measurement) -> String {
        func ms(_ fraction: Double) -> String { String(format: "%.2f", measurement.quantile(fraction)) }
        return """
            \(step.rawValue), width \(width), \(batch)×\(size)², \(threads) thread\(threads == 1 ? "" : "s"), \
            \(measurement.times.count) runs
            median \(ms(0.5)) ms, p10 \(ms(0.1)) ms, p90 \(ms(0.9)) ms
            \(String(format: "%.1f", measurement.rate)) GFLOP/s, \
            peak \(String(format: "%.0f", measurement.peak)) MB resident
            """
    }
}
