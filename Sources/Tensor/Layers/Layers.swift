/// The description of one step of a network.
///
/// A layer holds slots and settings, never weights. It is applied to a variable on a tape that reads the weights.
public protocol Layer: Sendable {
    /// Returns the output for `x`, recorded on its tape.
    func callAsFunction(_ x: Variable) -> Variable
}

/// A fully connected layer, `y = x · weight + bias`.
public struct Linear: Layer {
    /// The weight, `[in, out]`.
    public let weight: ParameterSlot
    /// The bias, `[out]`.
    public let bias: ParameterSlot

    /// Creates a layer with uniform initial values in ± 1 / √inputs. The slots are `name.weight` and `name.bias`.
    public init(inputs: Int, outputs: Int, name: String, in builder: inout ParameterBuilder) {
        let bound = 1 / Float(inputs).squareRoot()
        weight = builder.add(
            name + ".weight", shape: [inputs, outputs], layout: .linear, initializer: .uniform(bound: bound))
        bias = builder.add(name + ".bias", shape: [outputs], initializer: .uniform(bound: bound))
    }

    /// Applies the layer: `[batch, in]` → `[batch, out]`.
    public func callAsFunction(_ x: Variable) -> Variable {
        linear(x, weight: x.tape[weight], bias: x.tape[bias])
    }
}

/// A two-dimensional convolution layer; see ``convolution(_:filter:bias:stride:padding:)``.
public struct Convolution: Layer {
    /// The filter, `[kernelSize, kernelSize, in, out]`.
    public let weight: ParameterSlot
    /// The bias, `[out]`.
    public let bias: ParameterSlot?
    /// The stride of the windows, in pixels.
    public let stride: Int
    /// The zero padding on each side, in pixels.
    public let padding: Int

    /// Creates a layer with He-initialized filter and zero bias.
    ///
    /// By default, `padding` is half the kernel size, which preserves the image size for stride 1 and odd kernels.
    /// The slots are `name.weight` and `name.bias`.
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

    /// Applies the layer: `[batch, height, width, in]` → `[batch, height', width', out]`.
    public func callAsFunction(_ x: Variable) -> Variable {
        convolution(
            x, filter: x.tape[weight], bias: bias.map { x.tape[$0] }, stride: stride, padding: padding)
    }
}

/// A transposed convolution layer with kernel and stride 2, which doubles the image size; see
/// ``transposedConvolution(_:filter:bias:stride:)``.
public struct TransposedConvolution: Layer {
    /// The filter, `[2, 2, out, in]`.
    public let weight: ParameterSlot
    /// The bias, `[out]`.
    public let bias: ParameterSlot

    /// Creates a layer with He-initialized filter and zero bias. The slots are `name.weight` and `name.bias`.
    public init(inputChannels: Int, outputChannels: Int, name: String, in builder: inout ParameterBuilder) {
        weight = builder.add(
            name + ".weight", shape: [2, 2, outputChannels, inputChannels], layout: .transposedConvolution,
            initializer: .heNormal(fanIn: inputChannels))
        bias = builder.add(name + ".bias", shape: [outputChannels], initializer: .constant(0))
    }

    /// Applies the layer: `[batch, height, width, in]` → `[batch, 2 · height, 2 · width, out]`.
    public func callAsFunction(_ x: Variable) -> Variable {
        transposedConvolution(x, filter: x.tape[weight], bias: x.tape[bias], stride: 2)
    }
}

/// A normalization layer, including the ReLU that follows it.
public struct Normalization: Layer {
    /// The elements that share a mean and a variance.
    public enum Kind: Hashable, Sendable, Codable {
        /// Those of a channel across the batch.
        case batch
        /// Those of a group of channels in one sample.
        case group(Int)
        /// Those of a channel in one sample.
        case instance
    }

    /// The elements that share a mean and a variance.
    public let kind: Kind
    /// The scale γ, `[channels]`.
    public let weight: ParameterSlot
    /// The shift β, `[channels]`.
    public let bias: ParameterSlot
    /// The running mean and variance of a batch norm, `[channels]` each.
    public let running: (mean: ParameterSlot, variance: ParameterSlot)?
    /// The slope below zero of the ReLU that follows: 0 for ReLU, 1 for no ReLU.
    public let slope: Float

    /// Creates a layer with scale 1 and shift 0.
    ///
    /// The slots are `name.weight` and `name.bias`, and, for batch norm, `name.running_mean` and `name.running_var`.
    public init(
        _ kind: Kind, channels: Int, slope: Float = 1, name: String, in builder: inout ParameterBuilder
    ) {
        self.kind = kind
        self.slope = slope
        weight = builder.add(name + ".weight", shape: [channels], initializer: .constant(1))
        bias = builder.add(name + ".bias", shape: [channels], initializer: .constant(0))
        running =
            kind == .batch
            ? (
                builder.add(
                    name + ".running_mean", shape: [channels], role: .statistic, initializer: .constant(0)),
                builder.add(
                    name + ".running_var", shape: [channels], role: .statistic, isNonNegative: true,
                    initializer: .constant(1))
            ) : nil
    }

    /// Applies the layer: `[batch, height, width, channels]`, unchanged.
    public func callAsFunction(_ x: Variable) -> Variable {
        let (scale, shift) = (x.tape[weight], x.tape[bias])
        switch kind {
        case .batch:
            let running = running!
            return batchNorm(
                x, scale: scale, shift: shift, runningMean: running.mean, runningVariance: running.variance,
                slope: slope)
        case .group(let groups):
            return groupNorm(x, scale: scale, shift: shift, groups: groups, slope: slope)
        case .instance:
            return groupNorm(x, scale: scale, shift: shift, groups: x.shape.last, slope: slope)
        }
    }
}
