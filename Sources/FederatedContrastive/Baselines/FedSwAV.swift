import Contrastive
import Features
import Federation
import Tensor
import UNet

/// FedSwAV, in which features are assigned to prototypes, and the assignment of one view is predicted from the other.
///
/// Codes of a batch are computed together with those of a queue of the site's earlier features, as long as a memory
/// bank of FCL; the paper also uses a queue for batches this small.
///
/// ε of the codes is 0.02 instead of the paper's 0.05: cardiac slices are much more alike than photographs, and with
/// codes as uniform as those of 0.05, the loss stayed at the logarithm of the number of prototypes
/// (docs/pretraining.md).
///
/// Source: Caron et al., NeurIPS 2020; see `SwAVLoss` and `Prototypes`.
///
/// The server averages the encoder, the projection head, the prototypes, and the running statistics of batch norms;
/// the averaged prototypes are normalized again at the start of a round. The queue stays at its site and is saved.
struct FedSwAV: PretrainingMethod {
    static let name = "fedSwAV"
    static let title = "FedSwAV"
    static let keepsBank = true

    private let network: Projector
    private let prototypes: Prototypes
    private let settings: PretrainingSettings

    init(_ settings: PretrainingSettings, encoder: UNet.Encoder, in builder: inout ParameterBuilder) {
        self.settings = settings
        network = Projector(settings, encoder: encoder, in: &builder)
        prototypes = builder.group(.head) {
            Prototypes(count: settings.prototypes, dimension: settings.featureDimension, in: &$0)
        }
    }

    func train(
        from global: Parameters, at site: inout Site, round: Int, others: [FeatureSet]
    ) throws -> LocalUpdate {
        var training = LocalTraining(from: global, at: site, round: round)
        prototypes.normalize(&training.main)
        let loss = SwAVLoss(temperature: settings.tau, epsilon: 0.02)
        while let batch = try training.nextBatch() {
            let (a, b) = batch.views(settings.views, using: &training.generator)
            let queue = site.bank.count > 0 ? site.bank.contents : nil
            var projections: [Tensor] = []
            try training.step(constant: SwAVLoss.constant(prototypes: settings.prototypes)) { tape in
                let (first, second) = (network(tape.constant(a)), network(tape.constant(b)))
                projections = [first.value, second.value]
                return loss(first, second, prototypes: prototypes, queue: queue)
            }
            prototypes.normalize(&training.main)
            for views in projections {
                site.bank.push(try FeatureSet(normalizing: views, partitions: batch.partitions))
            }
        }
        return training.update(at: &site)
    }
}
