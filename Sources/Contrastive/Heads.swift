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

/// Directions among which SwAV shares out features: the rows of a weight, each of unit length.
///
/// ```swift
/// prototypes.normalize(&main)        // before every step: neither an optimizer nor an average keeps the length
/// let (value, gradient) = valueAndGradient(at: &main) { tape in … }
/// ```
///
/// They are one slot of the model, so that the server averages them with the rest; the average of unit vectors is shorter,
/// and the next step makes it a unit vector again. Like the projection head they are thrown away.
///
/// Source: Caron et al., NeurIPS 2020, section 3, and its code for the normalisation before every step.
public struct Prototypes: Layer {
    /// The weight, `[count, dimension]`.
    public let weight: ParameterSlot

    /// Prototypes for features of length `dimension`. The slot is `name.weight`.
    ///
    /// The paper has 3,000 for ImageNet's thousand classes; for slices of hearts, tens to three hundred are this package's
    /// choice.
    ///
    /// - Precondition: positive extents.
    public init(count: Int, dimension: Int, name: String = "head.prototypes", in builder: inout ParameterBuilder) {
        precondition(count > 0 && dimension > 0, "\(count) prototypes of length \(dimension)")
        weight = builder.add(name + ".weight", shape: [count, dimension], initializer: .uniform(bound: 1))
    }

    /// The similarity of each feature with each prototype.
    ///
    /// **Shapes** `[batch, dimension]` → `[batch, count]`.
    public func callAsFunction(_ features: Variable) -> Variable {
        matrixProduct(features, features.tape[weight], otherTransposed: true)
    }

    /// Scales every prototype to unit length.
    public func normalize(_ parameters: inout Parameters) {
        parameters[weight] = parameters[weight].l2Normalized()
    }
}

/// A light decoder: transposed convolutions double the bottleneck's features up to the extents of the image, halving the
/// channels each time, with a rectifier behind each, and a 1×1 convolution draws the image. It is thrown away after
/// pre-training.
///
/// Only the bottleneck is decoded. Skip connections, as in a U-Net, would hand the decoder the neighbourhood of what was
/// covered, and leave the bottleneck little to learn.
///
/// Source: its form is this package's choice, after the narrow decoder of Pathak et al., CVPR 2016.
public struct ReconstructionHead: Layer {
    private let steps: [TransposedConvolution]
    private let last: Convolution

    /// A decoder for encoders that halve the image `depth` times and end with `inputs` channels (16 f for a U-Net of width
    /// f and depth 4).
    ///
    /// The slots are `name.0.weight` and `name.0.bias` and so on for each step, and `name.last.weight` and
    /// `name.last.bias`.
    ///
    /// - Precondition: `inputs` is a multiple of 2^depth, and all extents are positive.
    public init(
        inputs: Int, depth: Int = 4, channels: Int = 1, name: String = "head.decoder",
        in builder: inout ParameterBuilder
    ) {
        precondition(
            depth > 0 && channels > 0 && inputs > 0 && inputs % (1 << depth) == 0,
            "a decoder of depth \(depth) from \(inputs) channels to \(channels)")
        steps = (0..<depth).map { step in
            TransposedConvolution(
                inputChannels: inputs >> step, outputChannels: inputs >> (step + 1), name: "\(name).\(step)",
                in: &builder)
        }
        last = Convolution(
            inputChannels: inputs >> depth, outputChannels: channels, kernelSize: 1, name: name + ".last",
            in: &builder)
    }

    /// The image that the features show.
    ///
    /// **Shapes** `[batch, height, width, inputs]` → `[batch, height · 2^depth, width · 2^depth, channels]`.
    public func callAsFunction(_ x: Variable) -> Variable {
        var y = x
        for step in steps { y = relu(step(y)) }
        return last(y)
    }
}
