import Contrastive
import Federation
import Tensor

/// One round of federated contrastive learning, end to end: every client refills its bank by the new global encoder and
/// exchanges it, trains for one pass over its slices, and the server averages the models.
package struct FederatedRound: Workload {
    private var federation: Federation
    /// The same for a few clients, which warms up all that is shared.
    private var rehearsal: Federation

    package let operations: Int

    /// A round of `clients` with `slices` random slices each.
    ///
    /// - Parameters:
    ///   - extents: The batch is a multiple of 4, since it has as many slices of each of the four partitions.
    ///   - clients: How many sites there are.
    ///   - slices: Slices of each site, a multiple of 10: a volume has ten.
    ///   - bank: Features that a site keeps; one for each slice if absent.
    ///   - dimension: The length of a feature.
    ///   - clientsInParallel: How many sites work at the same time, on one thread each where it is more than one.
    package init(
        _ extents: Extents, clients: Int = 10, slices: Int = 200, bank: Int? = nil, dimension: Int = 128,
        clientsInParallel: Int
    ) {
        precondition(
            extents.batch.isMultiple(of: 4) && slices.isMultiple(of: TrainingSite.slicesOfVolume) && slices > 0,
            "a batch of \(extents.batch) and \(slices) slices: multiples of 4 and 10 expected")
        let model = ContrastiveModel(width: extents.width, dimension: dimension)
        let bank = bank ?? slices
        let sites = (0..<clients).map {
            TrainingSite(
                index: $0, model: model, size: extents.size, batch: extents.batch, slices: slices, bank: bank,
                dimension: dimension)
        }
        func make(of sites: [TrainingSite]) -> Federation {
            Federation(
                clients: sites, parameters: model.parameters, quorum: sites.count, concurrency: clientsInParallel,
                exchange: FeatureExchange(dimension: dimension, partitions: 4, maximumCount: bank))
        }
        federation = make(of: sites)
        rehearsal = make(of: Array(sites.prefix(clientsInParallel)))

        let layers = ConvolutionGeometry.encoder(Extents(width: extents.width, size: extents.size, batch: 1))
        let volumes = Array(repeating: TrainingSite.slicesOfVolume, count: slices / TrainingSite.slicesOfVolume)
        let trained = PartitionSampler(partitions: 4).steps(of: volumes, volumes: extents.batch / 4) * extents.batch
        operations =
            clients * ((slices + trained) * layers.forwardOperations + trained * layers.trainingOperations)
    }

    package mutating func run() async throws {
        _ = try await federation.runRound()
    }

    package mutating func warmUp() async throws {
        _ = try await rehearsal.runRound()
    }
}
