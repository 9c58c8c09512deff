import Contrastive
import Tensor
import UNet

/// FedCA: SimCLR with projections of all sites as further negatives, and features of a public set held near those of a
/// base model, so that sites' features stay comparable.
///
/// The public set is synthetic hearts, and the base model begins at the weights that every method begins with and takes
/// some steps of SimCLR on them; both, and how many projections a site gives, are this package's choice. The exchange
/// is that of FCL's banks: every site gives some projections of the new global model.
///
/// Source: Zhang et al., arXiv:2010.08982; see ``FedCALoss``.
///
/// The server averages the encoder and the projection head, and the running statistics of batch norms, to which batches
/// of the public set contribute, too. Nothing stays at a site.
struct FedCA: PretrainingMethod {
    static let name = "fedCA", title = "FedCA"
    static let ablations: Set<PretrainingSettings.Ablation> = [.exchange]
    /// The projections that a site gives to the dictionary.
    static let upload = 64

    private let encoder: UNet.Encoder
    private let network: Projector
    private let settings: PretrainingSettings
    private let shared: PublicSet
    private let base: Parameters
    /// What the site gave.
    private var own: FeatureSet
    private var dictionary: FeatureSet

    init(_ settings: PretrainingSettings, behind encoder: UNet.Encoder, in builder: inout ParameterBuilder) {
        (self.encoder, self.settings) = (encoder, settings)
        network = Projector(settings, behind: encoder, in: &builder)
        shared = PublicSet(settings)
        base = shared.trained(builder.parameters(), network, settings)
        own = MemoryBank(capacity: 1, dimension: settings.featureDimension).contents
        dictionary = own
    }

    var mostShared: Int { Self.upload }

    mutating func refill(
        from slices: SliceLibrary, by parameters: Parameters, using generator: inout SeededGenerator
    ) throws -> FeatureSet? {
        var upload = MemoryBank(capacity: Self.upload, dimension: settings.featureDimension)
        try network.fill(&upload, from: slices, by: parameters, limit: Self.upload, using: &generator)
        own = upload.contents
        return own
    }

    mutating func beginRound(_ main: inout Parameters, others: [FeatureSet]) {
        let all = [own] + others
        dictionary = FeatureSet(
            features: Tensor(
                all.flatMap(\.features.elements), shape: [all.reduce(0) { $0 + $1.count }, own.dimension]),
            partitions: all.flatMap(\.partitions))
    }

    func loss(of batch: SliceBatch, on tape: Tape, using generator: inout SeededGenerator) -> PretrainingLoss {
        let (a, b) = batch.views(settings.views, using: &generator)
        let images = shared.batch(using: &generator).images
        let target = evaluate(base, normalization: .batchStatistics) {
            globalAveragePool(encoder($0.constant(images)))
        }
        // The public set first: running statistics count the latest batches most.
        let features = globalAveragePool(encoder(tape.constant(images)))
        let objective = FedCALoss(contrast: NTXentLoss(temperature: settings.tau))
        return PretrainingLoss(
            objective(
                network(tape.constant(a)), network(tape.constant(b)), dictionary: dictionary, features: features,
                base: target),
            constant: NTXentLoss.constant(batch: batch.count, negatives: dictionary.count))
    }

    mutating func endRound() -> [String: Double] {
        let empty = MemoryBank(capacity: 1, dimension: settings.featureDimension).contents
        (own, dictionary) = (empty, empty)
        return [:]
    }
}
