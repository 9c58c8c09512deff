#if Flower
import ArgumentParser
import Experiments
import Federation
import FederationFlower
import Foundation
import Tensor

/// Federated fine-tuning across machines: run → sites → rounds → model.
struct FineTune: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "finetune", abstract: "Fine-tunes a U-Net for segmentation, by supervised federated averaging.")

    @OptionGroup var connection: Connection
    @Option(help: "How many sites take part.")
    var sites: Int?
    @Option(
        name: .customLong("init"),
        help: ArgumentHelp(
            "Where training begins: 'random', the folder of a pre-training run, or a safetensors file.",
            valueName: "start"))
    var start: String?
    @Option(help: "The fewest sites with which a round counts (default: all of them).")
    var quorum: Int?
    @Option(help: "Annotated patients that each site learns from (default: all that it has).")
    var annotated: Int?
    @Option(
        help: "Where --annotated is given: which fifth of a site's patients is left out for validation (default: 0).")
    var fold: Int?
    @Option(help: "Rounds of training (default: 100).")
    var rounds: Int?
    @Option(help: "Passes over a site's slices in a round (default: 1).")
    var localEpochs: Int?
    @Option(help: "Slices in a batch (default: 8).")
    var batchSize: Int?
    @Option(help: "Adam's rate behind the warm-up (default: 4e-3).")
    var learningRate: Float?
    @Option(help: "The encoder's rate as a fraction of that (default: 1).")
    var encoderRate: Float?
    @Option(help: "Channels of the first level (default: that of the encoder, or 16).")
    var width: Int?
    @Option(help: "Rows and columns of a slice (default: those of the encoder's images, or 192).")
    var size: Int?
    @Option(help: "Distance between pixels in mm (default: that of the encoder's images, or 1.37).")
    var spacing: Double?
    @Option(help: "Seed of decoder, order and views (default: 1).")
    var seed: UInt64?
    @Option(
        help: "The seed of folds, and of the division among sites that share a folder: pre-training's (default: 1).")
    var splitSeed: UInt64?

    func validate() throws {
        if connection.resume != nil, let other = given.first {
            throw ValidationError("--resume takes the settings of the run itself; leave out \(other).")
        }
    }

    func run() async throws {
        try await supervised("FlowerServer", quiet: connection.quiet, fineTune)
    }

    @Sendable private func fineTune(_ progress: ProgressLine) async throws {
        let folder = try connection.folder(newSettings)
        let settings = folder.settings
        let model = try settings.model(startingAt: Start(settings.start))
        let job = FederatedJob(run: try folder.name(), settings)
        try await connection.lead(job, sites: settings.clients, progress: progress) { clients in
            try await train(model, clients, settings, folder, progress)
        }
        progress.say("wrote \(folder.url.path)/model.safetensors after \(ProgressLine.duration(progress.seconds))")
    }

    private func train(
        _ start: SegmentationModel, _ sites: [RemoteClient], _ settings: SegmentationSettings,
        _ folder: RunFolder<SegmentationSettings>, _ progress: ProgressLine
    ) async throws {
        var store = try RunStore(directory: folder.url)
        for repair in store.repairs { progress.say("repaired: \(repair)") }
        let checkpoint = try store.checkpoint()
        var federation = Federation(
            clients: sites, parameters: try checkpoint?.model(like: start.parameters) ?? start.parameters,
            round: checkpoint?.round ?? 0, quorum: settings.quorum ?? settings.clients, concurrency: sites.count)
        if federation.round > 0 { progress.say("going on after round \(federation.round)") }
        while federation.round < settings.plan.rounds {
            try Task.checkCancellation()
            let report = try await federation.runRound()
            try store.record(report)
            try store.save(["model.safetensors": federation.parameters.safetensors().data])
            if connection.json { FileHandle.standardOutput.write(report.line) }
            let loss = report.metrics["loss"].map { String(format: "%.3f", $0) } ?? "–"
            progress.say("round \(report.round)/\(settings.plan.rounds)  loss \(loss)")
            for absence in report.absent { progress.complain("round \(report.round): \(absence)") }
        }
        var model = start
        model.parameters = federation.parameters
        try model.write(
            to: folder.url.appendingPathComponent("model.safetensors"),
            provenance: "Fine-tuned at \(sites.count) sites, \(settings.plan.rounds) rounds, seed \(settings.seed)")
    }

    private func newSettings() throws -> SegmentationSettings {
        var settings = SegmentationSettings()
        func apply<Value>(_ value: Value?, to setting: WritableKeyPath<SegmentationSettings, Value>) {
            if let value { settings[keyPath: setting] = value }
        }
        if let start {
            settings.start = Start.absolute(start)
            let encoder = try Start(start)
            apply(encoder.width, to: \.width)
            apply(encoder.preprocessing?.size, to: \.size)
            apply(encoder.preprocessing?.spacing, to: \.spacing)
        }
        apply(sites, to: \.clients)
        apply(quorum.map(Optional.some), to: \.quorum)
        apply(annotated.map(Optional.some), to: \.annotated)
        apply(fold, to: \.fold)
        apply(rounds, to: \.plan.rounds)
        apply(localEpochs, to: \.plan.localEpochs)
        apply(batchSize, to: \.plan.batchSize)
        apply(learningRate, to: \.plan.learningRate)
        apply(encoderRate, to: \.plan.encoderRate)
        apply(width, to: \.width)
        apply(size, to: \.size)
        apply(spacing, to: \.spacing)
        apply(seed, to: \.seed)
        apply(splitSeed, to: \.splitSeed)
        try settings.validate()
        return settings
    }

    private var given: [String] {
        let given: [(String, Bool)] = [
            ("--sites", sites != nil), ("--init", start != nil), ("--quorum", quorum != nil),
            ("--annotated", annotated != nil), ("--fold", fold != nil), ("--rounds", rounds != nil),
            ("--local-epochs", localEpochs != nil), ("--batch-size", batchSize != nil),
            ("--learning-rate", learningRate != nil), ("--encoder-rate", encoderRate != nil), ("--width", width != nil),
            ("--size", size != nil), ("--spacing", spacing != nil), ("--seed", seed != nil),
            ("--split-seed", splitSeed != nil),
        ]
        return given.filter(\.1).map(\.0)
    }
}
#endif
