import Experiments
import Federation
import Foundation
import Tensor
import Volumes
import _TestSupport

/// Pre-training of the smallest kind: two sites with two patients each, whose volumes are noise with a disc that grows
/// from slice to slice.
struct SyntheticPretraining {
    let settings: PretrainingSettings
    let model: PretrainingModel
    let cohort: Cohort

    static func settings(_ method: String) -> PretrainingSettings {
        var settings = PretrainingSettings()
        (settings.data, settings.method) = ("synthetic", method)
        (settings.clients, settings.rounds, settings.width, settings.size) = (2, 2, 2, 16)
        (settings.featureDimension, settings.prototypes, settings.spacing) = (8, 8, 12)
        return settings
    }

    init(_ settings: PretrainingSettings, model: PretrainingModel? = nil) {
        self.settings = settings
        self.model = model ?? PretrainingModel(settings)
        let patients = (1...4).map { "p\($0)" }
        let volumes = patients.enumerated().map { ($1, [Self.volume($0)]) }
        cohort = Cohort(patients, Dictionary(uniqueKeysWithValues: volumes), settings)
    }

    private static func volume(_ number: Int) -> PreparedVolume {
        var generator = SeededGenerator(seed: 11, path: number)
        let slices = 6 + number
        let pixels = (0..<slices * 256).map { place -> Float in
            let (x, y, slice) = (Float(place % 16) - 8, Float(place / 16 % 16) - 7, Float(place / 256))
            return (x * x + y * y < 4 + 4 * slice ? 0.8 : 0.3) + generator.uniform(in: -0.1...0.1)
        }
        let grid = PreparedVolume.Grid(
            native: Volume.Extent(x: 16, y: 16, slices: slices), nativeSpacing: Volume.Spacing(x: 12, y: 12, slice: 10),
            spacing: 12, size: 16)
        return PreparedVolume(pixels: pixels, grid: grid)
    }

    /// Runs until so many rounds are behind the model, from where the folder's run stands.
    func run(
        _ folder: TemporaryFolder, until round: Int = 2, threads: Int = 1, only chosen: [Int]? = nil
    ) async throws -> (parameters: Parameters, reports: [RoundReport]) {
        var store = try RunStore(directory: folder.url)
        let state = try PretrainingState(store.checkpoint(), model: model, settings: settings)
        let meter = StepMeter(progress: ProgressLine(quiet: true), rounds: settings.rounds, stepsOfRound: 1)
        let sites = try cohort.libraries.indices.filter { chosen?.contains($0) ?? true }.map { index in
            try PretrainingSite(
                index: index, slices: cohort.libraries[index], model: model, settings: settings,
                state: state?.sites[index], meter: meter)
        }
        var federation = Federation(
            clients: sites, parameters: state?.parameters ?? model.parameters, round: state?.round ?? 0,
            quorum: sites.count, concurrency: min(threads, sites.count),
            exchange: PretrainingSite.exchange(among: sites, settings))
        while federation.round < round {
            let report = try await Parallel.$threadLimit.withValue(threads) { try await federation.runRound() }
            try store.record(report)
            try store.save(await PretrainingState.files(parameters: federation.parameters, sites: sites))
        }
        return (federation.parameters, try store.reports())
    }
}

extension Parameters {
    /// The weights of the encoder alone.
    var encoder: [Float] {
        slots.filter { !$0.name.hasPrefix("head.") }.flatMap { self[$0].elements }
    }
}
