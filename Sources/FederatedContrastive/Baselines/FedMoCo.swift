import Contrastive
import Features
import Federation
import Tensor
import UNet

/// FedMoCo, in which a query is pulled toward the key of its own slice and pushed away from a queue of the site's own
/// keys, regardless of the anatomy.
///
/// Source: He et al., CVPR 2020, and Chen et al., arXiv:2003.04297; see `MoCoLoss`. As in ``FCL``, and by this
/// package's choice, every round starts with a queue filled by the new global encoder and a momentum encoder that
/// equals it, so no negative comes from an obsolete encoder.
///
/// The server averages the encoder, the projection head, and the running statistics of batch norms. The queue stays
/// at its site and is saved.
struct FedMoCo: PretrainingMethod {
    static let name = "fedMoCo"
    static let title = "FedMoCo"
    static let temperature: Float = 0.2
    static let keepsBank = true

    private let network: Projector
    private let settings: PretrainingSettings

    init(_ settings: PretrainingSettings, encoder: UNet.Encoder, in builder: inout ParameterBuilder) {
        self.settings = settings
        network = Projector(settings, encoder: encoder, in: &builder)
    }

    func beginRound(
        at site: inout Site, from global: Parameters, using generator: inout SeededGenerator
    ) throws -> FeatureSet? {
        try network.fill(&site.bank, from: site.slices, with: global, using: &generator)
        return nil
    }

    func train(
        from global: Parameters, at site: inout Site, round: Int, others: [FeatureSet]
    ) throws -> LocalUpdate {
        var training = LocalTraining(from: global, at: site, round: round)
        var momentumEncoder = MomentumEncoder(global, momentum: settings.momentum)
        let loss = MoCoLoss(temperature: settings.tau)
        while let batch = try training.nextBatch() {
            let keys = try network.features(
                of: batch, with: momentumEncoder.parameters, using: &training.generator)
            let queries = settings.views(batch.images, using: &training.generator)
            let queue = site.bank.contents
            try training.step(constant: MoCoLoss.constant(negatives: queue.count)) { tape in
                loss(network(tape.constant(queries)), keys: keys, queue: queue)
            }
            momentumEncoder.update(toward: training.main)
            site.bank.push(keys)
        }
        return training.update(at: &site)
    }
}
