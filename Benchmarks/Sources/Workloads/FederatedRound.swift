import Contrastive
import FederatedContrastive
import Federation
import Tensor
import Volumes

/// One round of federated contrastive learning.
///
/// Every client refreshes its bank with the new global encoder, exchanges it, and trains for one pass over its slices.
/// Then the server averages the models. Training uses the library's `FCL.train(from:at:round:others:)`; the slices are
/// noise.
package struct FederatedRound: Workload {
    private var federation: Federation
    /// A federation of a few clients, for warming up everything that is shared.
    private var rehearsal: Federation

    package let operations: Int

    private static let slicesOfVolume = 10

    /// Creates a round of `clients` sites with `slices` random slices each.
    ///
    /// - Parameters:
    ///   - extents: The sizes; the batch is a multiple of 4, since it has equally many slices of each of the four
    ///     partitions.
    ///   - clients: The number of sites.
    ///   - slices: The number of slices at each site, a multiple of 10, since a volume has ten.
    ///   - bank: The number of features that a site keeps; if `nil`, one per slice.
    ///   - dimension: The length of a feature.
    ///   - clientsInParallel: The number of sites that run in parallel, on one thread each if more than one.
    package init(
        _ extents: Extents, clients: Int = 10, slices: Int = 200, bank: Int? = nil, dimension: Int = 128,
        clientsInParallel: Int
    ) throws {
        precondition(
            extents.batch.isMultiple(of: 4) && slices.isMultiple(of: Self.slicesOfVolume) && slices > 0,
            "a batch of \(extents.batch) and \(slices) slices: multiples of 4 and 10 expected")
        var settings = PretrainingSettings()
        (settings.width, settings.size, settings.batchVolumes) = (extents.width, extents.size, extents.batch / 4)
        (settings.featureDimension, settings.bank) = (dimension, bank)
        // So many that the learning rate hardly decays during the timed rounds.
        settings.rounds = 1_000_000
        let model = PretrainingModel(settings)
        let sites = try (0..<clients).map { index in
            let library = SliceLibrary(
                Self.volumes(slices / Self.slicesOfVolume, size: extents.size, seed: UInt64(100 + index)),
                partitions: settings.partitions)
            return try PretrainingSite(Site(index: index, slices: library, settings: settings), model: model)
        }
        func make(of sites: [PretrainingSite]) -> Federation {
            Federation(
                clients: sites, parameters: model.parameters, quorum: sites.count, concurrency: clientsInParallel,
                exchange: settings.exchange(ofAtMost: bank ?? slices))
        }
        federation = make(of: sites)
        rehearsal = make(of: Array(sites.prefix(clientsInParallel)))

        let layers = ConvolutionGeometry.encoder(Extents(width: extents.width, size: extents.size, batch: 1))
        let trained = Self.trainedSlices(slices, settings)
        operations =
            clients * ((slices + trained) * layers.forwardOperations + trained * layers.trainingOperations)
    }

    package mutating func run() async throws {
        _ = try await federation.runRound()
    }

    package mutating func warmUp() async throws {
        _ = try await rehearsal.runRound()
    }

    /// Returns volumes of noise with ten slices each.
    private static func volumes(_ count: Int, size: Int, seed: UInt64) -> [PreparedVolume] {
        let pixels = Extents(width: 1, size: size, batch: slicesOfVolume * count).images(seed: seed).elements
        let grid = PreparedVolume.Grid(
            native: Volume.Extent(x: size, y: size, slices: slicesOfVolume),
            nativeSpacing: Volume.Spacing(x: 1, y: 1, slice: 10), spacing: 1, size: size)
        return (0..<count).map { number in
            PreparedVolume(pixels: Array(pixels[number * grid.count..<(number + 1) * grid.count]), grid: grid)
        }
    }

    /// Returns the number of slices in an epoch, counting every repetition.
    private static func trainedSlices(_ slices: Int, _ settings: PretrainingSettings) -> Int {
        let volumes = Array(repeating: slicesOfVolume, count: slices / slicesOfVolume)
        let sampler = PartitionSampler(partitions: settings.partitions)
        return sampler.steps(of: volumes, volumes: settings.batchVolumes) * settings.batchVolumes * settings.partitions
    }
}
