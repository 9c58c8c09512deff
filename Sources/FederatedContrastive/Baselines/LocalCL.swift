import Contrastive
import Features
import Federation
import Tensor
import UNet

/// Local contrastive learning, in which slices of the same partition attract each other and those of other partitions
/// of the batch repel each other.
///
/// Source: Chaitanya et al., NeurIPS 2020; see `PartitionContrastiveLoss`.
///
/// Every site trains alone unless the settings say otherwise: it keeps its own encoder, head, and statistics in every
/// round. The encoder's file contains the average of the sites' encoders, from which federated fine-tuning starts;
/// that is this package's choice.
struct LocalCL: PretrainingMethod {
    static let name = "localCL"
    static let title = "Local CL"
    static let collaboration = PretrainingSettings.Collaboration.local

    private let network: Projector
    private let settings: PretrainingSettings

    init(_ settings: PretrainingSettings, encoder: UNet.Encoder, in builder: inout ParameterBuilder) {
        self.settings = settings
        network = Projector(settings, encoder: encoder, in: &builder)
    }

    func train(
        from global: Parameters, at site: inout Site, round: Int, others: [FeatureSet]
    ) throws -> LocalUpdate {
        var training = LocalTraining(from: global, at: site, round: round)
        let loss = PartitionContrastiveLoss(temperature: settings.tau)
        while let batch = try training.nextBatch() {
            let (a, b) = batch.views(settings.views, using: &training.generator)
            try training.step(constant: PartitionContrastiveLoss.constant(partitions: batch.partitions)) { tape in
                loss(network(tape.constant(a)), network(tape.constant(b)), partitions: batch.partitions)
            }
        }
        return training.update(at: &site)
    }
}
