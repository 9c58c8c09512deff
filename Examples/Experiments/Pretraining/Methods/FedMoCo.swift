import Contrastive
import Tensor
import UNet

/// FedMoCo: a query is drawn to the key of its own slice and pushed away from a queue of the site's own keys, whatever
/// anatomy they show.
///
/// Source: He et al., CVPR 2020, and Chen et al., arXiv:2003.04297; see ``MoCoLoss``. As in ``FCL``, and by this
/// package's choice, every round begins with a queue that the new global encoder has filled and a momentum encoder that
/// is the global one, so that no negative is of an encoder that is gone.
///
/// The server averages the encoder and the projection head, and the running statistics of batch norms. The queue stays
/// at its site and is saved.
struct FedMoCo: PretrainingMethod {
    static let name = "fedMoCo", title = "FedMoCo"
    static let temperature: Float = 0.2

    private let network: Projector
    private let settings: PretrainingSettings
    private var queue: MemoryBank
    private var average: MomentumEncoder?
    /// The keys of the batch, which enter the queue after the step.
    private var keys: FeatureSet?

    init(_ settings: PretrainingSettings, behind encoder: UNet.Encoder, in builder: inout ParameterBuilder) {
        self.settings = settings
        network = Projector(settings, behind: encoder, in: &builder)
        queue = MemoryBank(capacity: 1, dimension: settings.featureDimension)
    }

    mutating func settle(at slices: SliceLibrary) {
        queue = MemoryBank(capacity: settings.bank ?? slices.count, dimension: settings.featureDimension)
    }

    mutating func refill(
        from slices: SliceLibrary, by parameters: Parameters, using generator: inout SeededGenerator
    ) throws -> FeatureSet? {
        try network.fill(&queue, from: slices, by: parameters, using: &generator)
        return nil
    }

    mutating func beginRound(_ main: inout Parameters, others: [FeatureSet]) {
        average = MomentumEncoder(main, momentum: settings.momentum)
    }

    mutating func loss(
        of batch: SliceBatch, on tape: Tape, using generator: inout SeededGenerator
    ) -> PretrainingLoss {
        let keys = network.keys(of: batch, by: average?.parameters ?? tape.parameters, using: &generator)
        let views = settings.views(batch.images, using: &generator)
        self.keys = keys
        return PretrainingLoss(
            MoCoLoss(temperature: settings.tau)(network(tape.constant(views)), keys: keys, queue: queue.contents),
            constant: MoCoLoss.constant(negatives: queue.count))
    }

    mutating func follow(_ main: inout Parameters) {
        average?.follow(main)
        if let keys { queue.push(keys) }
    }

    mutating func endRound() -> [String: Double] {
        (average, keys) = (nil, nil)
        return [:]
    }

    var features: FeatureSet? { queue.contents }
    var state: Safetensors { queue.state }
    mutating func restore(_ state: Safetensors) throws(WeightsError) {
        queue = try MemoryBank(restoring: state, capacity: queue.capacity, dimension: queue.dimension)
    }
}
