import Features
import Federation
import FileIO
import Foundation
import Tensor
import UNet
import Volumes

/// A pre-training run: data → sites → rounds → encoder, in one process.
///
/// ```swift
/// var settings = PretrainingSettings()
/// settings.data = "ACDC/training"
/// let run = try await Pretraining(in: RunFolder(new: folder, settings: settings))
/// let encoder = try await run.train()                  // folder/encoder.safetensors
/// ```
public actor Pretraining {
    /// The folder of the run.
    public nonisolated let folder: RunFolder<PretrainingSettings>
    /// The patients and their slices.
    public nonisolated let cohort: Cohort
    /// The network and its initial weights.
    public nonisolated let model: PretrainingModel
    /// The problems repaired when the run was opened, one sentence each.
    public var repairs: [String] { store.repairs }
    /// The number of completed rounds.
    public var round: Int { federation.round }
    /// The reports of the completed rounds.
    public var reports: [RoundReport] { get throws { try store.reports() } }

    private let sites: [PretrainingSite]
    private let observer: TrainingObserver
    private var store: RunStore
    private var federation: Federation

    /// Opens a run at its last completed round.
    ///
    /// - Parameters:
    ///   - folder: A new folder, or that of a run to continue.
    ///   - round: The round to return to, one of those that have a checkpoint; by default, the last one.
    ///   - cohort: The patients; by default, read from the folder given in the settings.
    ///   - observer: A closure that is notified of steps and rounds.
    /// - Throws: `VolumesError` or `RunError` if the data cannot be used, `FederationError` if the run is in use or
    ///   damaged, `WeightsError` if a checkpoint does not fit the settings.
    public init(
        in folder: RunFolder<PretrainingSettings>, from round: Int? = nil, cohort: Cohort? = nil,
        observer: @escaping TrainingObserver = { _ in }
    ) async throws {
        let settings = folder.settings
        let concurrency = min(Parallel.threadCount, settings.siteCount)
        try settings.checkMemory(clients: concurrency)
        let patients: Cohort
        if let cohort { patients = cohort } else { patients = try await Cohort(settings) }
        (self.folder, self.observer) = (folder, observer)
        self.cohort = patients
        try folder.prepare()
        try Self.checkSplit(patients, in: folder)
        store = try RunStore(directory: folder.url, from: round)
        model = PretrainingModel(settings)

        let checkpoint = try store.checkpoint()
        let states = try checkpoint.map { checkpoint in
            // Runs of earlier versions store the same tensors in a file with another name.
            try checkpoint.weights(
                checkpoint.files["sites.safetensors"] == nil ? "banks.safetensors" : "sites.safetensors")
        }
        let counter = StepCounter(steps: patients.steps(settings), observer: observer)
        let model = model
        sites = try patients.libraries.enumerated().map { index, slices in
            let site = Site(index: index, slices: slices, settings: settings) { round, loss in
                counter.advance("round \(round)/\(settings.rounds)", loss: loss)
            }
            return try PretrainingSite(site, model: model, state: states?.part(under: "client\(index)."))
        }
        federation = settings.federation(
            of: sites, sharingAtMost: sites.map(\.maximumSharedFeatures).max() ?? 0, model: model,
            concurrency: min(concurrency, sites.count))
        if let checkpoint { try federation.restore(checkpoint) }
    }

    /// Trains until `rounds` rounds are complete, by default all rounds of the settings, and writes
    /// `encoder.safetensors`.
    ///
    /// - Returns: The global model.
    /// - Throws: Any error of a round; `CancellationError`. The last completed round is on disk.
    @discardableResult
    public func train(rounds: Int? = nil) async throws -> Parameters {
        let settings = folder.settings
        let representation = Representation(model, cohort, settings)
        let (sites, observer) = (sites, observer)
        // Work on copies, because an actor's own state may not change across a suspension; write them back however
        // the rounds end.
        var (federation, store) = (federation, store)
        defer { (self.federation, self.store) = (federation, store) }
        try await federation.run(
            rounds: rounds ?? settings.trainedRounds, store: &store,
            state: {
                var all = Safetensors()
                for (index, site) in sites.enumerated() { all.insert(await site.state, under: "client\(index).") }
                return ["sites.safetensors": all.data]
            },
            review: { report, parameters in
                if representation.isDue(after: report.round) {
                    report.metrics.merge(try representation.metrics(of: parameters)) { $1 }
                }
            },
            finished: { observer(.round($0)) })
        try folder.writeEncoder(federation.parameters)
        return federation.parameters
    }

    /// Returns the memory banks of all sites; empty for methods without memory banks.
    public func banks() async -> [FeatureSet] {
        var banks: [FeatureSet] = []
        for site in sites { if let bank = await site.bank { banks.append(bank) } }
        return banks
    }

    /// Records the patients of each site in `split.json`, and refuses to continue with different patients.
    private static func checkSplit(
        _ cohort: Cohort, in folder: RunFolder<PretrainingSettings>
    ) throws(RunError) {
        let file = folder.url.appendingPathComponent("split.json")
        guard FileManager.default.fileExists(atPath: file.path) else {
            return try folder.write(cohort.file(), to: file.lastPathComponent)
        }
        guard let before = try? SplitFile(contentsOf: file), before.sites == cohort.split,
            before.heldOut == cohort.heldOut
        else {
            throw .data(
                "\(folder.settings.data) does not hold the patients this run began with (\(file.path)); "
                    + "restore them, or begin a new run.")
        }
    }
}

/// The network of a pre-training run: the encoder of a U-Net and the method's heads, which are discarded afterward.
public struct PretrainingModel: Sendable {
    /// The method, shared by all sites.
    public let method: any PretrainingMethod
    /// The encoder.
    public let encoder: UNet.Encoder
    /// The initial weights; those of the encoder do not depend on the method.
    public let parameters: Parameters

    /// Creates the model that the settings describe.
    public init(_ settings: PretrainingSettings) {
        var builder = ParameterBuilder(
            generator: SeededGenerator(seed: settings.seed, path: RandomStream.initialization))
        encoder = UNet.Encoder(
            UNet.Configuration(inputChannels: settings.channels, width: settings.width), in: &builder)
        method = settings.methodType.init(settings, encoder: encoder, in: &builder)
        parameters = builder.parameters()
    }
}

extension PretrainingSettings {
    /// Returns the federation of a run before its first round.
    ///
    /// - Parameters:
    ///   - clients: The sites, in client order.
    ///   - count: The maximum number of features that a site shares in a round.
    ///   - model: The network with its initial weights.
    ///   - concurrency: The maximum number of clients that work concurrently.
    public func federation(
        of clients: [any Client], sharingAtMost count: Int, model: PretrainingModel, concurrency: Int
    ) -> Federation {
        // Sites that train alone drift apart without limit, and nobody uses their average before the end.
        Federation(
            clients: clients, parameters: model.parameters, quorum: quorum ?? clients.count, concurrency: concurrency,
            aggregator: aggregation.aggregator(), exchange: exchange(ofAtMost: count),
            bounds: collaboration == .fedavg ? UpdateBounds() : nil, reservedMetrics: Metric.ofRepresentation)
    }

    /// Returns the format of exchanged features if a site shares at most `count`; `nil` if none are exchanged.
    public func exchange(ofAtMost count: Int) -> FeatureExchange? {
        guard exchange, collaboration == .fedavg, count > 0 else { return nil }
        return FeatureExchange(dimension: featureDimension, partitions: tagCount, maximumCount: count)
    }
}

extension RunFolder<PretrainingSettings> {
    /// Writes the pre-trained encoder, without heads, with the names and in the layout of PyTorch.
    ///
    /// - Throws: `WeightsError` if the file cannot be written.
    public func writeEncoder(_ parameters: Parameters) throws {
        let preprocessing = Preprocessing(spacing: settings.spacing, size: settings.size)
        let metadata = [
            "format": "pt",
            "preprocessing": String(decoding: try JSON.encoded(preprocessing).dropLast(), as: UTF8.self),
            "model": "U-Net encoder, width \(settings.width), depth 4, batch norm",
            "input":
                "\(settings.channels) channel\(settings.channels == 1 ? "" : "s"), \(settings.size) × \(settings.size) pixels of \(settings.spacing) mm, "
                + "percentiles 1 and 99 of the central 120 mm mapped to 0 and 1, clamped to 0 … 2",
            "pretraining": settings.summary, "version": PackageVersion.text,
        ]
        try parameters.safetensors(including: { $0.group == .encoder }, metadata: metadata)
            .write(to: url.appendingPathComponent("encoder.safetensors"))
    }
}
