import Contrastive
import Tensor
import UNet

/// FedSimCLR: the two views of a slice attract each other, all other views of the batch repel, whatever anatomy they
/// show.
///
/// Source: Chen et al., ICML 2020; see ``NTXentLoss``. The two views are computed one after the other, each with the
/// batch statistics of its own, as queries and keys of FCL are; that is this package's choice.
///
/// The server averages the encoder and the projection head, and the running statistics of batch norms.
struct FedSimCLR: PretrainingMethod {
    static let name = "fedSimCLR", title = "FedSimCLR"

    private let network: Projector
    private let settings: PretrainingSettings

    init(_ settings: PretrainingSettings, behind encoder: UNet.Encoder, in builder: inout ParameterBuilder) {
        self.settings = settings
        network = Projector(settings, behind: encoder, in: &builder)
    }

    func loss(of batch: SliceBatch, on tape: Tape, using generator: inout SeededGenerator) -> PretrainingLoss {
        let (a, b) = batch.views(settings.views, using: &generator)
        let objective = NTXentLoss(temperature: settings.tau)
        return PretrainingLoss(
            objective(network(tape.constant(a)), network(tape.constant(b))),
            constant: NTXentLoss.constant(batch: batch.count))
    }
}
