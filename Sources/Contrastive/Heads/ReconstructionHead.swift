import Tensor

/// A light decoder: transposed convolutions double the bottleneck's features up to the extents of the image, halving the
/// channels each time, with a rectifier behind each, and a 1×1 convolution draws the image. It is thrown away after
/// pre-training.
///
/// Only the bottleneck is decoded. Skip connections, as in a U-Net, would hand the decoder the neighbourhood of what was
/// covered, and leave the bottleneck little to learn.
///
/// Source: its form is this package's choice, after the narrow decoder of Pathak et al., CVPR 2016.
public struct ReconstructionHead: Layer {
    private let steps: [TransposedConvolution]
    private let last: Convolution

    /// A decoder for encoders that halve the image `depth` times and end with `inputs` channels (16 f for a U-Net of width
    /// f and depth 4).
    ///
    /// The slots are `name.0.weight` and `name.0.bias` and so on for each step, and `name.last.weight` and
    /// `name.last.bias`.
    ///
    /// - Precondition: `inputs` is a multiple of 2^depth, and all extents are positive.
    public init(
        inputs: Int, depth: Int = 4, channels: Int = 1, name: String = "head.decoder",
        in builder: inout ParameterBuilder
    ) {
        precondition(
            depth > 0 && channels > 0 && inputs > 0 && inputs % (1 << depth) == 0,
            "a decoder of depth \(depth) from \(inputs) channels to \(channels)")
        steps = (0..<depth).map { step in
            TransposedConvolution(
                inputChannels: inputs >> step, outputChannels: inputs >> (step + 1), name: "\(name).\(step)",
                in: &builder)
        }
        last = Convolution(
            inputChannels: inputs >> depth, outputChannels: channels, kernelSize: 1, name: name + ".last",
            in: &builder)
    }

    /// The image that the features show.
    ///
    /// **Shapes** `[batch, height, width, inputs]` → `[batch, height · 2^depth, width · 2^depth, channels]`.
    public func callAsFunction(_ x: Variable) -> Variable {
        var y = x
        for step in steps { y = relu(step(y)) }
        return last(y)
    }
}
