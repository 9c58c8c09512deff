import Contrastive
import Tensor
import UNet

/// Federated contrastive learning: queries from the main encoder, keys from its moving average, negatives and remote
/// positives from the memory banks of all sites.
///
/// Source: Wu et al., MICCAI 2021, sections 2.1 to 2.3. That the bank is refilled every round by the new global
/// encoder, and that the momentum encoder begins every round at the global one, is this package's reconstruction.
///
/// The server averages the encoder and the projection head, and the running statistics of batch norms like weights. The
/// memory bank stays at its site and is saved; the others receive a copy.
struct FCL: PretrainingMethod {
    static let name = "fcl", title = "FCL"
    static let ablations: Set<PretrainingSettings.Ablation> = [.remoteLoss, .exchange, .momentumEncoder]

    private let network: Projector
    private let settings: PretrainingSettings
    private let objective: FCLLoss
    /// Q_l: what is shared, saved and sampled from.
    private var bank: MemoryBank
    /// θ_k, during a round; none in the ablation without it.
    private var average: MomentumEncoder?
    /// The banks of the other sites in this round.
    private var others: [FeatureSet] = []
    /// The keys of the batch.
    private var keys: FeatureSet?
    private var statistics = FCLLoss.Statistics()
    private var separation: FeatureSet.Separation?

    init(_ settings: PretrainingSettings, behind encoder: UNet.Encoder, in builder: inout ParameterBuilder) {
        self.settings = settings
        network = Projector(settings, behind: encoder, in: &builder)
        objective = FCLLoss(
            temperature: settings.tau, negatives: settings.negatives, hasRemoteLoss: settings.remoteLoss)
        bank = MemoryBank(capacity: 1, dimension: settings.featureDimension)
    }

    mutating func settle(at slices: SliceLibrary) {
        bank = MemoryBank(capacity: settings.bank ?? slices.count, dimension: settings.featureDimension)
    }

    var mostShared: Int { bank.capacity }

    /// Fills the bank with features of the site's own slices under the new global encoder, through the views of
    /// training, and shares it.
    mutating func refill(
        from slices: SliceLibrary, by parameters: Parameters, using generator: inout SeededGenerator
    ) throws -> FeatureSet? {
        try network.fill(&bank, from: slices, by: parameters, using: &generator)
        return bank.contents
    }

    mutating func beginRound(_ main: inout Parameters, others: [FeatureSet]) {
        self.others = others
        average = settings.momentumEncoder ? MomentumEncoder(main, momentum: settings.momentum) : nil
        statistics = FCLLoss.Statistics()
        separation = bank.contents.separation
    }

    mutating func loss(
        of batch: SliceBatch, on tape: Tape, using generator: inout SeededGenerator
    ) -> PretrainingLoss {
        let keys = network.keys(of: batch, by: average?.parameters ?? tape.parameters, using: &generator)
        let views = settings.views(batch.images, using: &generator)
        let sample = FeatureSet.sample(from: [bank.contents] + others, count: bank.capacity, using: &generator)
        let (loss, parts) = objective(
            network(tape.constant(views)), partitions: batch.partitions, keys: keys, bank: sample)
        statistics += parts
        self.keys = keys
        return PretrainingLoss(loss)
    }

    mutating func follow(_ main: inout Parameters) {
        average?.follow(main)
        if let keys { bank.push(keys) }
    }

    mutating func endRound() -> [String: Double] {
        (average, others, keys) = (nil, [], nil)
        return RoundMetrics.values(statistics, separation)
    }

    var features: FeatureSet? { bank.contents }
    var state: Safetensors { bank.state }
    mutating func restore(_ state: Safetensors) throws(WeightsError) {
        bank = try MemoryBank(restoring: state, capacity: bank.capacity, dimension: bank.dimension)
    }
}
