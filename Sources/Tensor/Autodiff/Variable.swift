/// A tensor on a tape: the operand and the result of every differentiable operation.
///
/// A variable exists only within one gradient computation; it is not `Sendable`.
public struct Variable {
    /// The tape that records the operations on this variable.
    public let tape: Tape
    /// The identifier of this variable in the backward pass.
    public let id: ID
    private let content: Content

    private enum Content {
        case stored(Tensor)
        case deferred(DeferredImages)
    }

    init(value: Tensor, tape: Tape, id: ID) {
        (content, self.tape, self.id) = (.stored(value), tape, id)
    }

    init(deferred: DeferredImages, tape: Tape, id: ID) {
        (content, self.tape, self.id) = (.deferred(deferred), tape, id)
    }

    /// The elements.
    ///
    /// Normalizations and concatenations compute them on first access. Convolutions and poolings read the underlying
    /// tensors instead and never need them.
    public var value: Tensor {
        switch content {
        case .stored(let tensor): tensor
        case .deferred(let images): images.value
        }
    }

    /// The shape of the value.
    public var shape: Tensor.Shape {
        switch content {
        case .stored(let tensor): tensor.shape
        case .deferred(let images): images.shape
        }
    }

    /// The tensors that make up the value, in channel order, and the destinations of their gradients.
    var parts: [DeferredImages.Part] {
        switch content {
        case .stored(let tensor):
            return [.init(tensor: tensor, id: id)]
        case .deferred(let images):
            return images.parts.map { part in
                var part = part
                part.id = part.id ?? id
                return part
            }
        }
    }

    /// The identifier of a variable, for use in pullbacks without retaining the variable's value.
    public struct ID: Hashable, Sendable {
        enum Kind: Hashable {
            case constant
            case node(Int)
            case leaf(Int)
            case parameter(offset: Int)
        }
        let kind: Kind
    }
}

/// The value of a normalization or a concatenation, represented by the tensors it is made of.
///
/// Convolutions and poolings read these tensors directly. The normalized images would be as large as their sources;
/// this saves the time to write and read them and the memory to keep them for the backward pass.
final class DeferredImages {
    /// Some of the channels.
    struct Part {
        /// `[batch, ..., channels]`.
        var tensor: Tensor
        /// The transformation applied to each element as it is read.
        var activation: Activation?
        /// The destination of the gradient with respect to these channels; `nil` for the variable that has this value.
        var id: Variable.ID?
    }

    /// The function act(x · scale + shift), where act is a ReLU with a slope below zero.
    struct Activation {
        /// `[channels]`, or `[batch, channels]` if every sample has its own.
        var scale: Tensor
        var shift: Tensor
        var slope: Float
    }

    let parts: [Part]
    let shape: Tensor.Shape
    private var computed: Tensor?

    /// Creates a value from parts whose shapes agree except for the channels.
    init(parts: [Part]) {
        self.parts = parts
        shape = parts[0].tensor.shape.replacingLast(with: parts.reduce(0) { $0 + $1.tensor.shape.last })
    }

    /// The elements, computed once.
    var value: Tensor {
        if let computed { return computed }
        // Samples with their own scales are read one by one; all others are read as a single row of pixels.
        let samples = parts.contains { $0.activation?.scale.shape.rank == 2 } ? shape[0] : 1
        let pixels = shape.leadingCount / max(1, samples), channels = shape.last
        let reader = ImageReader(parts, height: 1, width: pixels)
        var value = Tensor(uninitialized: shape)
        let target = value.mutablePointer()
        let length = max(1, Tensor.grain / channels), pieces = (pixels + length - 1) / length
        Parallel.forEach(samples * pieces) { index in
            let (sample, first) = (index / pieces, index % pieces * length)
            reader.load(
                image: sample, rows: 0..<1, columns: first..<min(pixels, first + length), stride: channels,
                into: target + (sample * pixels + first) * channels)
        }
        computed = value
        return value
    }
}
