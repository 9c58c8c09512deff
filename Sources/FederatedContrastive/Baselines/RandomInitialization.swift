import Features
import Federation
import Tensor
import UNet

/// A baseline without pre-training: the encoder's initial weights, common to all methods with the same seed.
///
/// There are no rounds, so nothing is averaged.
struct RandomInitialization: PretrainingMethod {
    static let name = "random"
    static let title = "Random init"
    static let isTrained = false

    init(_ settings: PretrainingSettings, encoder: UNet.Encoder, in builder: inout ParameterBuilder) {}

    func train(
        from global: Parameters, at site: inout Site, round: Int, others: [FeatureSet]
    ) throws -> LocalUpdate {
        preconditionFailure("there is nothing to train")
    }
}
