import Federation
import Foundation
import Tensor
import Volumes
import _TestSupport

@testable import FederatedContrastive

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

    /// Runs until so many rounds are complete, from where the folder's run stands.
    func run(
        _ folder: TemporaryFolder, until round: Int = 2, threads: Int = 1, only chosen: [Int]? = nil
    ) async throws -> (parameters: Parameters, reports: [RoundReport]) {
        guard let chosen else {
            let run = try await Pretraining(in: RunFolder(folder.url, settings: settings), cohort: cohort)
            let parameters = try await Parallel.$threadLimit.withValue(threads) { try await run.train(rounds: round) }
            return (parameters, try await run.reports)
        }
        let sites = try chosen.map { index in
            try PretrainingSite(
                Site(index: index, slices: cohort.libraries[index], settings: settings), model: model)
        }
        var federation = Federation(
            clients: sites, parameters: model.parameters, quorum: sites.count,
            exchange: settings.exchange(ofAtMost: sites.map(\.maximumSharedFeatures).max() ?? 0))
        var reports: [RoundReport] = []
        while federation.round < round { reports.append(try await federation.runRound()) }
        return (federation.parameters, reports)
    }
}

extension Parameters {
    /// The weights of the encoder alone.
    var encoder: [Float] {
        slots.filter { $0.group == .encoder }.flatMap { self[$0].elements }
    }
}
