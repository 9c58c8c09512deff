import Federation
import Tensor
import Testing
import Volumes

@testable import FederatedContrastive

/// Honest sites with very different amounts of data are never refused, whose steps go different ways.
struct UnequalSitesTests {
    /// A volume whose disc grows faster or slower, and whose tissue is brighter or darker, at every site.
    private func volume(_ number: Int, site: Int) -> PreparedVolume {
        var generator = SeededGenerator(seed: 11, path: number, site)
        let (slices, bright) = (8, 0.3 + 0.06 * Float(site))
        let pixels = (0..<slices * 256).map { place -> Float in
            let (x, y, slice) = (Float(place % 16) - 8, Float(place / 16 % 16) - 7, Float(place / 256))
            let isInside = x * x + y * y < 4 + (1 + Float(site % 4)) * slice
            return (isInside ? bright + 0.3 : bright) + generator.uniform(in: -0.1...0.1)
        }
        let grid = PreparedVolume.Grid(
            native: Volume.Extent(x: 16, y: 16, slices: slices), nativeSpacing: Volume.Spacing(x: 12, y: 12, slice: 10),
            spacing: 12, size: 16)
        return PreparedVolume(pixels: pixels, grid: grid)
    }

    @Test(arguments: ["fcl", "fedSimCLR"]) func aLargeSiteAmongSmallOnesIsWelcome(method: String) async throws {
        var settings = SyntheticPretraining.settings(method)
        (settings.clients, settings.rounds, settings.batchVolumes) = (10, 40, 1)
        let model = PretrainingModel(settings)
        let libraries = (0..<10).map { site in
            SliceLibrary((0..<(site == 0 ? 10 : 1)).map { volume($0, site: site) }, partitions: settings.partitions)
        }
        func federation(_ bounds: UpdateBounds?) throws -> Federation {
            let sites = try libraries.enumerated().map { index, slices in
                try PretrainingSite(Site(index: index, slices: slices, settings: settings), model: model)
            }
            let most = sites.map(\.maximumSharedFeatures).max() ?? 0
            return Federation(
                clients: sites, parameters: model.parameters, quorum: 10, concurrency: 2,
                exchange: settings.exchange(ofAtMost: most), bounds: bounds)
        }
        var (bounded, unbounded) = (try federation(UpdateBounds()), try federation(nil))
        for _ in 1...40 {
            let report = try await bounded.runRound()
            #expect(report.absent.isEmpty && report.participants.count == 10)
            _ = try await unbounded.runRound()
        }
        #expect(bounded.parameters == unbounded.parameters)
    }
}
