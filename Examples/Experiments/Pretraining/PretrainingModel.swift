import Tensor
import UNet

/// What is pre-trained: the encoder of a U-Net and the method's heads behind it. Heads serve the loss and are thrown
/// away afterwards.
package struct PretrainingModel: Sendable {
    /// The method as every site begins with it.
    let method: any PretrainingMethod
    /// What is kept in the end.
    let encoder: UNet.Encoder
    /// The first values of all weights; those of the encoder do not depend on the method.
    package let parameters: Parameters

    /// The model that the settings describe.
    package init(_ settings: PretrainingSettings) {
        var builder = ParameterBuilder(generator: SeededGenerator(seed: settings.seed, path: Stream.initialization))
        encoder = UNet.Encoder(UNet.Configuration(width: settings.width), in: &builder)
        method = settings.methodType.init(settings, behind: encoder, in: &builder)
        parameters = builder.parameters()
    }
}
