#if Flower
import ArgumentParser
import Experiments
import Federation
import FederationFlower
import Foundation
import Tensor

/// Pre-training across machines: run → sites → rounds → report, as in one process.
struct Pretrain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Pre-trains an encoder, by FCL or another method.")

    @OptionGroup var connection: Connection
    @Option(help: "How many sites take part.")
    var sites: Int?
    @Option(help: "A JSON file of settings; options given here go before it.", completion: .file())
    var config: String?
    @OptionGroup var options: PretrainingOptions

    func validate() throws {
        let given = [("--sites", sites != nil), ("--config", config != nil)].filter(\.1).map(\.0) + options.given
        if connection.resume != nil, let other = given.first {
            throw ValidationError("--resume takes the settings of the run itself; leave out \(other).")
        }
        if options.given.contains("--clients") {
            throw ValidationError("--clients: here it is called --sites.")
        }
    }

    func run() async throws {
        try await supervised("FlowerServer", quiet: connection.quiet, pretrain)
    }

    @Sendable private func pretrain(_ progress: ProgressLine) async throws {
        let folder = try connection.folder(newSettings)
        let settings = folder.settings
        let job = FederatedJob(run: try folder.name(), settings)
        try await connection.lead(job, sites: settings.clients, progress: progress) { clients in
            try await rounds(of: clients, settings, folder, progress)
        }
        progress.say("wrote \(folder.url.path)/encoder.safetensors after \(ProgressLine.duration(progress.seconds))")
    }

    private func rounds(
        of sites: [RemoteClient], _ settings: PretrainingSettings, _ folder: RunFolder<PretrainingSettings>,
        _ progress: ProgressLine
    ) async throws {
        var store = try RunStore(directory: folder.url)
        for repair in store.repairs { progress.say("repaired: \(repair)") }
        let model = PretrainingModel(settings)
        let checkpoint = try store.checkpoint()

        // The banks of all sites may be as large as the largest.
        let most = sites.map(\.mostShared).max() ?? 0
        let exchange =
            settings.exchange && most > 0
            ? FeatureExchange(dimension: settings.featureDimension, partitions: settings.partitions, maximumCount: most)
            : nil
        var federation = Federation(
            clients: sites.map { $0.exchanging(exchange) },
            parameters: try checkpoint?.model(like: model.parameters) ?? model.parameters,
            round: checkpoint?.round ?? 0, quorum: settings.quorum ?? settings.clients, concurrency: sites.count,
            exchange: exchange)
        if federation.round > 0 { progress.say("going on after round \(federation.round)") }

        let log = RoundLog(settings: settings, progress: progress, json: connection.json)
        while federation.round < settings.trainedRounds {
            try Task.checkCancellation()
            let report = try await federation.runRound()
            try store.record(report)
            try store.save(["model.safetensors": federation.parameters.safetensors().data])
            log.tell(report)
        }
        try folder.writeEncoder(federation.parameters)
        let page = PretrainingPage(settings: settings, reports: try store.reports(), banks: [])
        try folder.write(Data(page.html.utf8), to: "report.html")
    }

    private func newSettings() throws -> PretrainingSettings {
        var settings = PretrainingSettings()
        if let config { settings = try PretrainingSettings(contentsOf: URL(fileURLWithPath: config)) }
        settings = options.applied(to: settings)
        settings.data = FederatedJob.elsewhere
        if let sites { settings.clients = sites }
        try settings.validate()
        settings = settings.resolved
        guard settings.collaboration == .fedavg else {
            throw Failure.usage(
                "--federation \(settings.collaboration.rawValue): sites on other machines share weights by fedavg.")
        }
        return settings
    }
}
#endif
