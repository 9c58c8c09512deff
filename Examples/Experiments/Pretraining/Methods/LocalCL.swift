import Contrastive
import Tensor
import UNet

/// Local contrastive learning: slices of the same partition attract each other, those of other partitions of the batch
/// repel.
///
/// Source: Chaitanya et al., NeurIPS 2020; see ``PartitionContrastiveLoss``.
///
/// Every site trains alone unless `--federation` says otherwise: its encoder, head and statistics are its own in every
/// round. The encoder's file holds the average of the sites' encoders, where federated fine-tuning begins; that is this
/// package's choice.
struct LocalCL: PretrainingMethod {
    static let name = "localCL", title = "Local CL"
    static let federation = PretrainingSettings.Collaboration.local

    private let network: Projector
    private let settings: PretrainingSettings

    init(_ settings: PretrainingSettings, behind encoder: UNet.Encoder, in builder: inout ParameterBuilder) {
        self.settings = settings
        network = Projector(settings, behind: encoder, in: &builder)
    }

    func loss(of batch: SliceBatch, on tape: Tape, using generator: inout SeededGenerator) -> PretrainingLoss {
        let (a, b) = batch.views(settings.views, using: &generator)
        let objective = PartitionContrastiveLoss(temperature: settings.tau)
        return PretrainingLoss(
            objective(network(tape.constant(a)), network(tape.constant(b)), partitions: batch.partitions),
            constant: PartitionContrastiveLoss.constant(partitions: batch.partitions))
    }
}
