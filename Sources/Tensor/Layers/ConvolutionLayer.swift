/// A two-dimensional convolution with weights of its own; see ``convolution(_:filter:bias:stride:padding:)``.
public struct Convolution: Layer {
    /// The filter, `[kernelSize, kernelSize, in, out]`.
    public let weight: ParameterSlot
    /// The bias, `[out]`.
    public let bias: ParameterSlot?
    /// The distance between windows, in pixels.
    public let stride: Int
    /// Zeros around the image, in pixels.
    public let padding: Int

    /// A layer whose filter is drawn after He et al. and whose bias is zero.
    ///
    /// Unless `padding` is given it is half the kernel, which keeps the extents at stride 1 and odd kernels. The slots
    /// are `name.weight` and `name.bias`.
    public init(
        inputChannels: Int, outputChannels: Int, kernelSize: Int, stride: Int = 1, padding: Int? = nil,
        bias: Bool = true, name: String, in builder: inout ParameterBuilder
    ) {
        weight = builder.add(
            name + ".weight", shape: [kernelSize, kernelSize, inputChannels, outputChannels], layout: .convolution,
            initializer: .heNormal(fanIn: kernelSize * kernelSize * inputChannels))
        self.bias =
            bias ? builder.add(name + ".bias", shape: [outputChannels], initializer: .constant(0)) : nil
        self.stride = stride
        self.padding = padding ?? kernelSize / 2
    }

    /// `[batch, height, width, in]` → `[batch, height', width', out]`.
    public func callAsFunction(_ x: Variable) -> Variable {
        convolution(
            x, filter: x.tape[weight], bias: bias.map { x.tape[$0] }, stride: stride, padding: padding)
    }
}
