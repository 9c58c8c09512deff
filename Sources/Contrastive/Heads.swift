import Tensor

/// A projection head: the mean over all pixels, then two linear layers with a ReLU between them.
///
/// It maps the features of an encoder to the space in which they are compared. It is used only in pre-training and
/// discarded afterward.
///
/// It has no batch norm: one after the last layer drives the loss above the value of collapsed features.
///
/// Source: Chen et al., "A simple framework for contrastive learning of visual representations", ICML 2020, section
/// 4.2; its sizes are this package's reconstruction.
public struct ProjectionHead: Layer {
    /// The first linear layer, `inputs → inputs`.
    public let hidden: Linear
    /// The second linear layer, `inputs → outputs`.
    public let output: Linear

    /// Creates a head for encoders with `inputs` channels (16 f for a U-Net of width f) and features of length
    /// `outputs` (D).
    ///
    /// The slots are `name.0.weight`, `name.0.bias`, `name.2.weight`, and `name.2.bias`.
    public init(inputs: Int, outputs: Int, name: String = "head", in builder: inout ParameterBuilder) {
        hidden = Linear(inputs: inputs, outputs: inputs, name: name + ".0", in: &builder)
        output = Linear(inputs: inputs, outputs: outputs, name: name + ".2", in: &builder)
    }

    /// Returns projections before normalization.
    ///
    /// **Shapes** `[batch, height, width, inputs]` → `[batch, outputs]`.
    public func callAsFunction(_ x: Variable) -> Variable {
        output(relu(hidden(globalAveragePool(x))))
    }
}

/// A predictor of the target encoder's projection from the main encoder's: a linear layer, batch norm, a ReLU, and a
/// linear layer.
///
/// The target encoder has none. The predictor is discarded with the projection head.
///
/// Source: Grill et al., NeurIPS 2020, section 3, "architecture". Its width, four times the projection's instead of
/// the paper's sixteen times, is this package's choice, as is the batch norm here but not in ``ProjectionHead``. The
/// server averages its running statistics like weights.
public struct Predictor: Layer {
    private let hidden: Linear
    private let normalization: Normalization
    private let output: Linear

    /// Creates a predictor of projections of length `dimension`.
    ///
    /// The slots are `name.0.weight`, `name.0.bias`, those of a batch norm under `name.1`, `name.3.weight`, and
    /// `name.3.bias`.
    public init(dimension: Int, name: String = "head.predictor", in builder: inout ParameterBuilder) {
        hidden = Linear(inputs: dimension, outputs: 4 * dimension, name: name + ".0", in: &builder)
        normalization = Normalization(.batch, channels: 4 * dimension, slope: 0, name: name + ".1", in: &builder)
        output = Linear(inputs: 4 * dimension, outputs: dimension, name: name + ".3", in: &builder)
    }

    /// Returns predictions before normalization.
    ///
    /// **Shapes** `[batch, dimension]`, unchanged.
    ///
    /// - Precondition: At least two rows in training, as batch norm requires.
    public func callAsFunction(_ x: Variable) -> Variable {
        output(normalization(hidden(x)))
    }
}

/// The prototypes to which SwAV assigns features: the rows of a weight, each of unit length.
///
/// ```swift
/// prototypes.normalize(&main)        // before every step: neither an optimizer nor an average preserves the length
/// let (value, gradient) = valueAndGradient(at: &main) { tape in … }
/// ```
///
/// They are one slot of the model, so that the server averages them with the rest; the average of unit vectors is
/// shorter, and the next step normalizes it again. Like the projection head, they are discarded.
///
/// Source: Caron et al., NeurIPS 2020, section 3, and its code for the normalization before every step.
public struct Prototypes: Layer {
    /// The weight, `[count, dimension]`.
    public let weight: ParameterSlot

    /// Creates prototypes for features of length `dimension`.
    ///
    /// The slot is `name.weight`.
    ///
    /// The paper uses 3,000 for ImageNet's thousand classes; tens to three hundred, for cardiac slices, are this
    /// package's choice.
    ///
    /// - Precondition: Positive sizes.
    public init(count: Int, dimension: Int, name: String = "head.prototypes", in builder: inout ParameterBuilder) {
        precondition(count > 0 && dimension > 0, "\(count) prototypes of length \(dimension)")
        weight = builder.add(name + ".weight", shape: [count, dimension], initializer: .uniform(bound: 1))
    }

    /// Returns the similarity of each feature to each prototype.
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

/// A lightweight decoder that reconstructs the image from the bottleneck's features.
///
/// Transposed convolutions double the features up to the image size and halve the channels each time, each followed
/// by a ReLU; a 1×1 convolution computes the image. The decoder is discarded after pre-training.
///
/// Only the bottleneck is decoded. Skip connections, as in a U-Net, would give the decoder the neighborhood of the
/// masked pixels and leave the bottleneck little to learn.
///
/// Source: its architecture is this package's choice, after the narrow decoder of Pathak et al., CVPR 2016.
public struct ReconstructionHead: Layer {
    private let steps: [TransposedConvolution]
    private let last: Convolution

    /// Creates a decoder for encoders that halve the image size `depth` times and have `inputs` output channels (16 f
    /// for a U-Net of width f and depth 4).
    ///
    /// The slots are `name.0.weight`, `name.0.bias`, and so on for each step, and `name.last.weight` and
    /// `name.last.bias`.
    ///
    /// - Precondition: `inputs` is a multiple of 2^depth, and all sizes are positive.
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

    /// Returns the image reconstructed from the features.
    ///
    /// **Shapes** `[batch, height, width, inputs]` → `[batch, height · 2^depth, width · 2^depth, channels]`.
    public func callAsFunction(_ x: Variable) -> Variable {
        var y = x
        for step in steps { y = relu(step(y)) }
        return last(y)
    }
}
