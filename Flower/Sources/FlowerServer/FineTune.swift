import ArgumentParser
import FederatedContrastive
import Federation
import FederationFlower
import Foundation
import Segmentation
import Support
import Tensor
import Volumes

/// Federated fine-tuning across machines: run → sites → rounds → model.
struct FineTune: AsyncParsableCommand, Sendable {
    static let configuration = CommandConfiguration(
        commandName: "finetune", abstract: "Fine-tunes a U-Net for segmentation, by supervised federated averaging.")

    @OptionGroup var connection: Connection
    struct Options: SettingOptions {
        @Option(name: .customLong("sites"), help: "Number of sites.")
        var clients: Int?
        @Option(
            name: .customLong("init"),
            help: ArgumentHelp(
                "Initial weights: 'random', the folder of a pre-training run, or a safetensors file.",
                valueName: "start"),
            transform: InitialWeights.absolute)
        var start: String?
        @Option(help: "Minimum number of sites in a round (default: more than half).")
        var quorum: Int?
        @Option(help: "Annotated patients that each site learns from (default: all that it has).")
        var annotated: Int?
        @Option(
            help: "Where --annotated is given: the fifth of a site's patients held out for validation (default: 0).")
        var fold: Int?
        @Option(help: "Steps of every site, one batch each (default: 4800).")
        var steps: Int?
        @Option(help: "Steps between two averages of the sites' weights (default: 40).")
        var stepsPerRound: Int?
        @Option(help: "Instead of --steps, rounds of passes over a site's slices.")
        var rounds: Int?
        @Option(help: "With --rounds, passes over a site's slices in a round (default: 1).")
        var localEpochs: Int?
        @Option(help: "Slices in a batch (default: 2).")
        var batchSize: Int?
        @Option(help: "Adam's learning rate after the warm-up (default: 4e-3).")
        var learningRate: Float?
        @Option(help: "The encoder's learning rate as a fraction of that (default: 1).")
        var encoderRate: Float?
        @Option(
            help: ArgumentHelp(
                "How the server combines the sites' models: \(AggregationRule.expected) (default: fedAvg).",
                valueName: "rule[:parameter]"))
        var aggregation: AggregationRule?
        @Option(help: "Weight of FedProx's term, which keeps sites near the global model (default: 0, none).")
        var proximal: Float?
        @Flag(
            inversion: .prefixedNo,
            help: "Learn also from images without labels, or with --annotated from all other training patients.")
        var unlabelled: Bool?
        @Option(
            help: """
                Names of the classes, the background first, as in the sites' data \
                (default: \(ACDC.classNames.joined(separator: ","))).
                """)
        var classes: Names?
        @Option(help: "Channels of an image, as many as the sites' data have (default: that of the encoder, or 1).")
        var channels: Int?
        @Option(help: "Channels of the first level (default: that of the encoder, or 16).")
        var width: Int?
        @Option(help: "Rows and columns of a slice (default: those of the encoder's images, or 144).")
        var size: Int?
        @Option(help: "Pixel spacing in mm (default: that of the encoder's images, or 1.5).")
        var spacing: Double?
        @Option(help: "Seed of decoder, order, and views (default: 1).")
        var seed: UInt64?
        @Option(
            help: "Seed of folds, and of the division among sites that share a folder: pre-training's (default: 1).")
        var splitSeed: UInt64?
    }

    @OptionGroup var options: Options

    func validate() throws {
        if connection.resume != nil, let other = options.given.first {
            throw ValidationError("--resume takes the settings of the run itself; leave out \(other).")
        }
    }

    func run() async throws {
        try await supervised("FlowerServer", quiet: connection.quiet, failure: Failure.init(flower:), fineTune)
    }

    @Sendable private func fineTune(_ progress: ProgressLine) async throws {
        let folder = try connection.folder(newSettings)
        let settings = folder.settings
        let model = try settings.model(startingAt: InitialWeights(settings.start))
        let job = FederatedJob(run: try folder.name(), settings)
        try await connection.lead(job, sites: settings.clients, progress: progress) { clients in
            try await train(model, clients, settings, folder, progress)
        }
        progress.say("wrote \(folder.url.path)/model.safetensors after \(ProgressLine.duration(progress.seconds))")
    }

    private func train(
        _ start: SegmentationModel, _ sites: [RemoteClient], _ settings: FederatedFineTuningSettings,
        _ folder: RunFolder<FederatedFineTuningSettings>, _ progress: ProgressLine
    ) async throws {
        var store = try RunStore(directory: folder.url, from: connection.fromRound)
        for repair in store.repairs { progress.say("repaired: \(repair)") }
        let checkpoint = try store.checkpoint()
        var server = try FineTuningServer(
            clients: sites, model: start, plan: settings.plan, quorum: settings.quorum, concurrency: sites.count,
            checkpoint: checkpoint)
        if server.round > 0 { progress.say("continuing after round \(server.round)") }
        let rounds = settings.plan.roundCount
        try await server.run(
            store: &store,
            finished: { report in
                if connection.json { progress.print(report.line) }
                let loss = report.metrics[.loss].map { String(format: "%.3f", $0) } ?? "–"
                progress.say("round \(report.round)/\(rounds)  loss \(loss)")
                for absence in report.absent { progress.complain("round \(report.round): \(absence)") }
            })
        let model = server.model
        try model.write(
            to: folder.url.appendingPathComponent("model.safetensors"),
            provenance: "Fine-tuned at \(sites.count) sites, \(rounds) rounds, seed \(settings.seed)")
    }

    private func newSettings() throws -> FederatedFineTuningSettings {
        var settings = FederatedFineTuningSettings()
        if let start = options.start {
            let encoder = try InitialWeights(start)
            settings.channels = encoder.channels ?? settings.channels
            settings.width = encoder.width ?? settings.width
            settings.size = encoder.preprocessing?.size ?? settings.size
            settings.spacing = encoder.preprocessing?.spacing ?? settings.spacing
        }
        settings = try options.applied(to: settings)
        settings.quorum = settings.quorum ?? Connection.majority(of: settings.clients)
        try settings.validate()
        return settings
    }
}
