/// A transposed convolution with kernel and stride 2, which doubles an image; see
/// ``transposedConvolution(_:filter:bias:stride:)``.
public struct TransposedConvolution: Layer {
    /// The filter, `[2, 2, out, in]`.
    public let weight: ParameterSlot
    /// The bias, `[out]`.
    public let bias: ParameterSlot

    /// A layer whose filter is drawn after He et al. and whose bias is zero. The slots are `name.weight` and
    /// `name.bias`.
    public init(inputChannels: Int, outputChannels: Int, name: String, in builder: inout ParameterBuilder) {
        weight = builder.add(
            name + ".weight", shape: [2, 2, outputChannels, inputChannels], layout: .transposedConvolution,
            initializer: .heNormal(fanIn: inputChannels))
        bias = builder.add(name + ".bias", shape: [outputChannels], initializer: .constant(0))
    }

    /// `[batch, height, width, in]` → `[batch, 2 · height, 2 · width, out]`.
    public func callAsFunction(_ x: Variable) -> Variable {
        transposedConvolution(x, filter: x.tape[weight], bias: x.tape[bias], stride: 2)
    }
}
