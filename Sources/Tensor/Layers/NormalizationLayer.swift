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
