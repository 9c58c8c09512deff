import Tensor
import UNet

/// No pre-training: the encoder's first weights, which are those that every method with the same seed begins with.
///
/// There is no round, so that nothing is averaged.
struct RandomStart: PretrainingMethod {
    static let name = "random", title = "Random init"
    static let isTrained = false

    init(_ settings: PretrainingSettings, behind encoder: UNet.Encoder, in builder: inout ParameterBuilder) {}

    func loss(of batch: SliceBatch, on tape: Tape, using generator: inout SeededGenerator) -> PretrainingLoss {
        preconditionFailure("there is nothing to train")
    }
}
