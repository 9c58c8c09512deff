import Contrastive
import Tensor
import UNet

/// FedBYOL: the main encoder predicts what its moving average, the target, makes of the other view. There are no
/// negatives.
///
/// Source: Grill et al., NeurIPS 2020; see ``BYOLLoss``. In a round the target moves by its average alone; a round
/// begins with the global model as target, which is this package's choice, so that no target has to be sent or kept.
///
/// The server averages the encoder, the projection head, the predictor, and the running statistics of their batch
/// norms.
struct FedBYOL: PretrainingMethod {
    static let name = "fedBYOL", title = "FedBYOL"

    private let network: Projector
    private let predictor: Predictor
    private let settings: PretrainingSettings
    private(set) var target: MomentumEncoder?

    init(_ settings: PretrainingSettings, behind encoder: UNet.Encoder, in builder: inout ParameterBuilder) {
        self.settings = settings
        network = Projector(settings, behind: encoder, in: &builder)
        predictor = Predictor(dimension: settings.featureDimension, in: &builder)
    }

    mutating func beginRound(_ main: inout Parameters, others: [FeatureSet]) {
        target = MomentumEncoder(main, momentum: settings.momentum)
    }

    func loss(of batch: SliceBatch, on tape: Tape, using generator: inout SeededGenerator) -> PretrainingLoss {
        let (a, b) = batch.views(settings.views, using: &generator)
        let target = target?.parameters ?? tape.parameters
        let targets = [a, b].map { views in
            evaluate(target, normalization: settings.keyStatistics) { network($0.constant(views)) }
        }
        let objective = BYOLLoss()
        return PretrainingLoss(
            objective(predictor(network(tape.constant(a))), targets: targets[1])
                + objective(predictor(network(tape.constant(b))), targets: targets[0]))
    }

    mutating func follow(_ main: inout Parameters) {
        target?.follow(main)
    }

    mutating func endRound() -> [String: Double] {
        target = nil
        return [:]
    }
}
