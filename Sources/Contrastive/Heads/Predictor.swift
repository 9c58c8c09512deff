import Tensor

/// What turns a projection of the main encoder into a prediction of the target's: a linear layer, batch norm, a
/// rectifier, and a linear layer. The target has none, and it is thrown away with the projection head.
///
/// Source: Grill et al., NeurIPS 2020, section 3, "architecture". Its width, four times the projection's where the paper has sixteen
/// times, is this package's choice, as is that the batch norm stays here and is missing in ``ProjectionHead``. The server
/// averages its running statistics like weights.
public struct Predictor: Layer {
    private let hidden: Linear
    private let normalization: Normalization
    private let output: Linear

    /// A predictor of projections of length `dimension`.
    ///
    /// The slots are `name.0.weight` and `name.0.bias`, `name.1` with those of a batch norm, `name.3.weight` and
    /// `name.3.bias`.
    public init(dimension: Int, name: String = "head.predictor", in builder: inout ParameterBuilder) {
        hidden = Linear(inputs: dimension, outputs: 4 * dimension, name: name + ".0", in: &builder)
        normalization = Normalization(.batch, channels: 4 * dimension, slope: 0, name: name + ".1", in: &builder)
        output = Linear(inputs: 4 * dimension, outputs: dimension, name: name + ".3", in: &builder)
    }

    /// Predictions before normalisation.
    ///
    /// **Shapes** `[batch, dimension]`, unchanged.
    ///
    /// - Precondition: two rows or more in training, since a batch norm needs them.
    public func callAsFunction(_ x: Variable) -> Variable {
        output(normalization(hidden(x)))
    }
}
