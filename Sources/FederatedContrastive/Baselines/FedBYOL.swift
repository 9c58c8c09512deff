import Contrastive
import Features
import Federation
import Tensor
import UNet

/// FedBYOL, in which the main encoder predicts the output of its moving average, the target encoder, for the other
/// view, without negatives.
///
/// Source: Grill et al., NeurIPS 2020; see `BYOLLoss`. Within a round, the target moves only by averaging; a round
/// starts with the global model as target, which is this package's choice, so no target has to be sent or kept.
///
/// The server averages the encoder, the projection head, the predictor, and the running statistics of their batch
/// norms.
struct FedBYOL: PretrainingMethod {
    static let name = "fedBYOL"
    static let title = "FedBYOL"

    private let network: Projector
    private let predictor: Predictor
    private let settings: PretrainingSettings

    init(_ settings: PretrainingSettings, encoder: UNet.Encoder, in builder: inout ParameterBuilder) {
        self.settings = settings
        network = Projector(settings, encoder: encoder, in: &builder)
        predictor = builder.group(.head) { Predictor(dimension: settings.featureDimension, in: &$0) }
    }

    func train(
        from global: Parameters, at site: inout Site, round: Int, others: [FeatureSet]
    ) throws -> LocalUpdate {
        var training = LocalTraining(from: global, at: site, round: round)
        var target = MomentumEncoder(global, momentum: settings.momentum)
        let loss = BYOLLoss()
        while let batch = try training.nextBatch() {
            let (a, b) = batch.views(settings.views, using: &training.generator)
            let targets = [a, b].map { views in
                evaluate(target.parameters, normalization: settings.keyStatistics) { network($0.constant(views)) }
            }
            try training.step { tape in
                loss(predictor(network(tape.constant(a))), targets: targets[1])
                    + loss(predictor(network(tape.constant(b))), targets: targets[0])
            }
            target.update(toward: training.main)
        }
        return training.update(at: &site)
    }
}
