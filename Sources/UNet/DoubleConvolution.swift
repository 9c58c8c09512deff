import Tensor

/// Twice: convolution 3×3 without bias, normalisation, rectifier.
struct DoubleConvolution: Layer {
    private let convolutions: [Convolution]
    private let normalizations: [Normalization]

    init(from input: Int, to output: Int, _ configuration: UNet.Configuration, in builder: inout ParameterBuilder) {
        var convolutions: [Convolution] = []
        var normalizations: [Normalization] = []
        builder.scope("double_conv") { builder in
            // The numbers count the rectifiers too: convolution 0, norm 1, rectifier 2, convolution 3, norm 4.
            for (index, channels) in [(0, input), (3, output)] {
                convolutions.append(
                    Convolution(
                        inputChannels: channels, outputChannels: output, kernelSize: 3, bias: false, name: "\(index)",
                        in: &builder))
                normalizations.append(
                    Normalization(
                        configuration.normalization, channels: output, slope: configuration.slope,
                        name: "\(index + 1)", in: &builder))
            }
        }
        self.convolutions = convolutions
        self.normalizations = normalizations
    }

    func callAsFunction(_ x: Variable) -> Variable {
        var y = x
        for (convolution, normalization) in zip(convolutions, normalizations) { y = normalization(convolution(y)) }
        return y
    }
}
