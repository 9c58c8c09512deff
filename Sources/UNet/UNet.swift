import Tensor

/// The two-dimensional U-Net: an encoder that halves the image `depth` times, a decoder that doubles it as often and is
/// handed the encoder's features of each extent, and a 1×1 convolution to class scores.
///
/// ```swift
/// var builder = ParameterBuilder(generator: SeededGenerator(seed: 1))
/// let network = UNet(UNet.Configuration(inputChannels: 1, classes: 4, width: 16), in: &builder)
/// let scores = evaluate(builder.parameters()) { tape in network(tape.constant(images)) }
/// ```
///
/// Slots bear the names of the widespread PyTorch implementation by milesial, so that its weight files fit.
///
/// Ronneberger, Fischer and Brox, MICCAI 2015; with batch norm, and padding that keeps the extents.
public struct UNet: Layer {
    /// The description that the network was made from.
    public let configuration: Configuration
    /// The half that pre-training trains.
    public let encoder: Encoder
    private let steps: [UpStep]
    private let scores: Convolution

    /// Registers the slots of encoder and decoder.
    public init(_ configuration: Configuration, in builder: inout ParameterBuilder) {
        self.configuration = configuration
        encoder = Encoder(configuration, in: &builder)
        steps = (1...configuration.depth).map { step in
            builder.scope("up\(step)") { builder in
                UpStep(channels: configuration.channels(level: configuration.depth - step), configuration, in: &builder)
            }
        }
        scores = Convolution(
            inputChannels: configuration.width, outputChannels: configuration.classes, kernelSize: 1,
            name: "outc.conv", in: &builder)
    }

    /// The class scores (logits) of every pixel.
    ///
    /// **Shapes** `[batch, height, width, inputChannels]` → `[batch, height, width, classes]`.
    ///
    /// - Precondition: height and width are multiples of 2^depth.
    public func callAsFunction(_ x: Variable) -> Variable {
        let features = encoder.features(x)
        var y = features.last!
        for (step, skip) in zip(steps, features.dropLast().reversed()) { y = step(y, skip: skip) }
        return scores(y)
    }
}
