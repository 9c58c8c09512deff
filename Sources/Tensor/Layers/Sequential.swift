/// Layers that are applied one after another.
///
/// ```swift
/// let network = Sequential(
///     Linear(inputs: 784, outputs: 64, name: "first", in: &builder), Lambda(gelu), Dropout(rate: 0.1),
///     Linear(inputs: 64, outputs: 10, name: "second", in: &builder))
/// ```
public struct Sequential: Layer {
    /// The layers in the order of their application.
    public let layers: [any Layer]

    /// Creates a layer that applies the given layers in order.
    public init(_ layers: any Layer...) { self.layers = layers }

    /// Creates a layer that applies the given layers in order.
    public init(_ layers: [any Layer]) { self.layers = layers }

    /// Applies all layers.
    public func callAsFunction(_ x: Variable) -> Variable {
        layers.reduce(x) { y, layer in layer(y) }
    }
}

/// A function without weights as a layer, such as an activation or a pooling.
///
/// ```swift
/// Lambda { maxPool($0, size: 2) }
/// ```
public struct Lambda: Layer {
    private let function: @Sendable (Variable) -> Variable

    /// Creates a layer that applies a function.
    public init(_ function: @escaping @Sendable (Variable) -> Variable) { self.function = function }

    /// Applies the function.
    public func callAsFunction(_ x: Variable) -> Variable { function(x) }
}

/// A dropout layer; see ``dropout(_:rate:)``.
public struct Dropout: Layer {
    /// The probability with which an element is set to zero.
    public let rate: Float

    /// Creates a layer.
    ///
    /// - Precondition: `rate` is in 0 ..< 1.
    public init(rate: Float) {
        precondition(rate >= 0 && rate < 1, "a dropout rate of \(rate)")
        self.rate = rate
    }

    /// Applies dropout on a tape with a generator; otherwise, returns `x`.
    public func callAsFunction(_ x: Variable) -> Variable { dropout(x, rate: rate) }
}

/// Layer normalization over the last axis; see ``layerNorm(_:scale:shift:epsilon:)``.
public struct LayerNorm: Layer {
    /// The scale γ, `[channels]`.
    public let weight: ParameterSlot
    /// The shift β, `[channels]`.
    public let bias: ParameterSlot

    /// Creates a layer with scale 1 and shift 0. The slots are `name.weight` and `name.bias`.
    public init(channels: Int, name: String, in builder: inout ParameterBuilder) {
        weight = builder.add(name + ".weight", shape: [channels], initializer: .constant(1))
        bias = builder.add(name + ".bias", shape: [channels], initializer: .constant(0))
    }

    /// Applies the layer: `[…, channels]`, unchanged.
    public func callAsFunction(_ x: Variable) -> Variable {
        layerNorm(x, scale: x.tape[weight], shift: x.tape[bias])
    }
}

/// An upsampling layer; see ``upsample(_:by:method:)``.
public struct Upsample: Layer {
    /// The factor by which height and width grow.
    public let factor: Int
    /// The source of the new pixels.
    public let method: Upsampling

    /// Creates a layer.
    ///
    /// - Precondition: `factor` is at least 1.
    public init(factor: Int, method: Upsampling = .bilinear) {
        precondition(factor > 0, "upsampling by \(factor)")
        (self.factor, self.method) = (factor, method)
    }

    /// Applies the layer: `[batch, height, width, channels]` → `[batch, factor · height, factor · width, channels]`.
    public func callAsFunction(_ x: Variable) -> Variable { upsample(x, by: factor, method: method) }
}
