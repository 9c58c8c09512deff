/// A description of one step of a network: it holds slots and settings, never weights, and is applied to a variable on
/// a tape that reads the weights.
public protocol Layer: Sendable {
    /// The output for `x`, recorded on its tape.
    func callAsFunction(_ x: Variable) -> Variable
}

/// A fully connected layer, `y = x · weight + bias`.
public struct Linear: Layer {
    /// The weight, `[in, out]`.
    public let weight: ParameterSlot
    /// The bias, `[out]`.
    public let bias: ParameterSlot

    /// A layer whose values are drawn uniformly in ± 1 / √inputs. The slots are `name.weight` and `name.bias`.
    public init(inputs: Int, outputs: Int, name: String, in builder: inout ParameterBuilder) {
        let bound = 1 / Float(inputs).squareRoot()
        weight = builder.add(
            name + ".weight", shape: [inputs, outputs], layout: .linear, initializer: .uniform(bound: bound))
        bias = builder.add(name + ".bias", shape: [outputs], initializer: .uniform(bound: bound))
    }

    /// `[batch, in]` → `[batch, out]`.
    public func callAsFunction(_ x: Variable) -> Variable {
        linear(x, weight: x.tape[weight], bias: x.tape[bias])
    }
}

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

/// A normalisation of activations, with the rectifier that follows it.
public struct Normalization: Layer {
    /// Which elements share a mean and a variance.
    public enum Kind: Hashable, Sendable, Codable {
        /// Those of a channel in the whole batch.
        case batch
        /// Those of a group of channels in one sample.
        case group(Int)
        /// Those of a channel in one sample.
        case instance
    }

    /// Which elements share a mean and a variance.
    public let kind: Kind
    /// The scale γ, `[channels]`.
    public let weight: ParameterSlot
    /// The shift β, `[channels]`.
    public let bias: ParameterSlot
    /// The running mean and variance of a batch norm, `[channels]` each.
    public let running: (mean: ParameterSlot, variance: ParameterSlot)?
    /// The slope below zero of the rectifier that follows: 0 for ReLU, 1 for none.
    public let slope: Float

    /// A layer with scale 1 and shift 0.
    ///
    /// The slots are `name.weight` and `name.bias`, and with batch norm `name.running_mean` and `name.running_var`.
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
                    name + ".running_var", shape: [channels], role: .statistic, initializer: .constant(1))
            ) : nil
    }

    /// `[batch, height, width, channels]`, unchanged.
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
