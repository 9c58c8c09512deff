import Contrastive
import Tensor
import UNet

/// What is pre-trained: the encoder of a U-Net and the projection head behind it. The head serves the loss and is thrown
/// away afterwards.
package struct PretrainingModel: Sendable {
    private let encoder: UNet.Encoder
    private let head: ProjectionHead
    /// The first values of all weights.
    package let parameters: Parameters

    package init(_ settings: PretrainingSettings) {
        var builder = ParameterBuilder(generator: SeededGenerator(seed: settings.seed, path: Stream.initialization))
        encoder = UNet.Encoder(UNet.Configuration(width: settings.width), in: &builder)
        head = ProjectionHead(inputs: encoder.outputChannels, outputs: settings.featureDimension, in: &builder)
        parameters = builder.parameters()
    }

    /// Projections before normalisation: `[batch, height, width, 1]` → `[batch, featureDimension]`.
    func callAsFunction(_ x: Variable) -> Variable {
        head(encoder(x))
    }
}
