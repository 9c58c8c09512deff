import Tensor

/// What makes an encoder's features comparable: the mean over all pixels, then two linear layers with a rectifier
/// between them. It serves pre-training only and is thrown away afterwards.
///
/// There is no batch norm in it: one behind the last layer drives the loss above the value of collapsed features.
///
/// Source: Chen et al., "A simple framework for contrastive learning of visual representations", ICML 2020, section 4.2;
/// its extents are this package's reconstruction.
public struct ProjectionHead: Layer {
    /// The first linear layer, `inputs → inputs`.
    public let hidden: Linear
    /// The second linear layer, `inputs → outputs`.
    public let output: Linear

    /// A head for encoders with `inputs` channels (16 f for a U-Net of width f) and features of length `outputs` (D).
    ///
    /// The slots are `name.0.weight`, `name.0.bias`, `name.2.weight` and `name.2.bias`.
    public init(inputs: Int, outputs: Int, name: String = "head", in builder: inout ParameterBuilder) {
        hidden = Linear(inputs: inputs, outputs: inputs, name: name + ".0", in: &builder)
        output = Linear(inputs: inputs, outputs: outputs, name: name + ".2", in: &builder)
    }

    /// Projections before normalisation.
    ///
    /// **Shapes** `[batch, height, width, inputs]` → `[batch, outputs]`.
    public func callAsFunction(_ x: Variable) -> Variable {
        output(relu(hidden(globalAveragePool(x))))
    }
}
