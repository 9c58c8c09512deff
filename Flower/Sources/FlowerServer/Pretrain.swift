import ArgumentParser
import FederatedContrastive
import Federation
import FederationFlower
import Foundation
import Support
import Tensor

/// Pre-training across machines: run → sites → rounds → report, as in one process.
struct Pretrain: AsyncParsableCommand, Sendable {
    static let configuration = CommandConfiguration(abstract: "Pre-trains an encoder, by FCL or another method.")

    @OptionGroup var connection: Connection
    struct SiteOptions: SettingOptions {
        @Option(name: .customLong("sites"), help: "Number of sites.")
        var clients: Int?
    }

    @OptionGroup var sites: SiteOptions
    @Option(help: "A JSON file of settings; options given here go before it.", completion: .file())
    var config: String?
    @OptionGroup var options: PretrainingOptions

    func validate() throws {
        let given = (sites.given.isEmpty ? [] : ["--sites"]) + (config == nil ? [] : ["--config"]) + options.given
        if connection.resume != nil, let other = given.first {
            throw ValidationError("--resume takes the settings of the run itself; leave out \(other).")
        }
        if options.given.contains("--clients") {
            throw ValidationError("--clients: here it is called --sites.")
        }
    }

    func run() async throws {
        try await supervised("FlowerServer", quiet: connection.quiet, failure: Failure.init(flower:), pretrain)
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
        var store = try RunStore(directory: folder.url, from: connection.fromRound)
        for repair in store.repairs { progress.say("repaired: \(repair)") }
        let model = PretrainingModel(settings)
        let checkpoint = try store.checkpoint()

        // All sites may share banks as large as the largest.
        let most = sites.map(\.maximumSharedFeatures).max() ?? 0
        let exchange = settings.exchange(ofAtMost: most)
        var federation = settings.federation(
            of: sites.map { $0.exchanging(exchange) }, sharingAtMost: most, model: model, concurrency: sites.count)
        if let checkpoint { try federation.restore(checkpoint) }
        if federation.round > 0 { progress.say("continuing after round \(federation.round)") }

        let log = RoundLog(folder, progress: progress, json: connection.json)
        log.begin(after: try store.reports())
        try await federation.run(rounds: settings.trainedRounds, store: &store, finished: log.tell)
        try folder.writeEncoder(federation.parameters)
        let page = PretrainingPage(folder, reports: try store.reports())
        try folder.write(Data(page.html.utf8), to: "report.html")
    }

    private func newSettings() throws -> PretrainingSettings {
        var settings = PretrainingSettings()
        if let config { settings = try PretrainingSettings(contentsOf: URL(fileURLWithPath: config)) }
        settings = try sites.applied(to: options.applied(to: settings))
        settings.data = FederatedJob.elsewhere
        settings.quorum = settings.quorum ?? Connection.majority(of: settings.clients)
        try settings.validate()
        settings = settings.resolved
        guard settings.collaboration == .fedavg else {
            throw Failure.usage(
                "--federation \(settings.collaboration.rawValue): sites on other machines share weights by fedavg.")
        }
        return settings
    }
}
