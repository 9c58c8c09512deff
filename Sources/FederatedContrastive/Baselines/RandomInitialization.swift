import Features
import Federation
import Tensor
import UNet

/// No pre-training: the encoder's initial weights, which every method with the same seed starts from.
///
/// There is no round, so nothing is averaged.
public struct RandomInitialization: PretrainingMethod {
    public static let name = "random"
    public static let title = "Random init"
    public static let isTrained = false

    public init(_ settings: PretrainingSettings, encoder: UNet.Encoder, in builder: inout ParameterBuilder) {}

    public func train(
        from global: Parameters, at site: inout Site, round: Int, others: [FeatureSet]
    ) throws -> LocalUpdate {
        preconditionFailure("there is nothing to train")
    }
}
