import Tensor

/// One level of the decoder: a transposed convolution doubles the image and halves the channels, the encoder's features
/// are put before the result, and a double convolution merges them.
struct UpStep: Sendable {
    private let up: TransposedConvolution
    private let merge: DoubleConvolution

    /// A step that ends with `channels` channels.
    init(channels: Int, _ configuration: UNet.Configuration, in builder: inout ParameterBuilder) {
        up = TransposedConvolution(inputChannels: 2 * channels, outputChannels: channels, name: "up", in: &builder)
        merge = builder.scope("conv") {
            DoubleConvolution(from: 2 * channels, to: channels, configuration, in: &$0)
        }
    }

    func callAsFunction(_ x: Variable, skip: Variable) -> Variable {
        merge(concatenate(skip, up(x)))
    }
}
