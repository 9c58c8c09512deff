import Contrastive
import Features
import Federation
import Tensor
import UNet

/// FedSimCLR, in which the two views of a slice attract each other and all other views of the batch repel each other,
/// regardless of the anatomy.
///
/// Source: Chen et al., ICML 2020; see `NTXentLoss`. The two views are processed one after the other, each with its
/// own batch statistics, like queries and keys of FCL; that is this package's choice.
///
/// The server averages the encoder, the projection head, and the running statistics of batch norms.
struct FedSimCLR: PretrainingMethod {
    static let name = "fedSimCLR"
    static let title = "FedSimCLR"

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
        let loss = NTXentLoss(temperature: settings.tau)
        while let batch = try training.nextBatch() {
            let (a, b) = batch.views(settings.views, using: &training.generator)
            try training.step(constant: NTXentLoss.constant(batch: batch.count)) { tape in
                loss(network(tape.constant(a)), network(tape.constant(b)))
            }
        }
        return training.update(at: &site)
    }
}
