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
    private let last: Convolution

    /// Registers the slots of encoder and decoder.
    public init(_ configuration: Configuration, in builder: inout ParameterBuilder) {
        self.configuration = configuration
        encoder = Encoder(configuration, in: &builder)
        steps = (1...configuration.depth).map { step in
            builder.scope("up\(step)") { builder in
                UpStep(channels: configuration.channels(level: configuration.depth - step), configuration, in: &builder)
            }
        }
        last = Convolution(
            inputChannels: configuration.width, outputChannels: configuration.classes, kernelSize: 1,
            name: "outc.conv", in: &builder)
    }

    /// The class scores (logits) of every pixel.
    ///
    /// **Shapes** `[batch, height, width, inputChannels]` → `[batch, height, width, classes]`.
    ///
    /// - Precondition: height and width are multiples of 2^depth.
    public func callAsFunction(_ x: Variable) -> Variable {
        scores(from: encoder.features(x))
    }

    /// The class scores that follow from the encoder's features, such as those of an encoder that is not trained.
    ///
    /// **Shapes** `[batch, height / 2^l, width / 2^l, width · 2^l]` for each level l → `[batch, height, width, classes]`.
    ///
    /// - Precondition: the features of every level, from the first to the bottleneck.
    public func scores(from features: [Variable]) -> Variable {
        precondition(
            features.count == configuration.depth + 1,
            "features of \(features.count) levels for a decoder of depth \(configuration.depth)")
        var y = features.last!
        for (step, skip) in zip(steps, features.dropLast().reversed()) { y = step(y, skip: skip) }
        return last(y)
    }
}
