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
