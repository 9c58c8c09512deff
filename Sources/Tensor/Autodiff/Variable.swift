/// A tensor on a tape: the operand and the result of every differentiable operation.
///
/// A variable lives and dies inside one gradient computation; it is not `Sendable`.
public struct Variable {
    /// The tape that records what happens to it.
    public let tape: Tape
    /// Where its derivative goes.
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
    /// Normalisations and concatenations compute them when they are first asked for: convolutions and poolings read what
    /// they are made of, and do without.
    public var value: Tensor {
        switch content {
        case .stored(let tensor): tensor
        case .deferred(let images): images.value
        }
    }

    /// The extents of the value.
    public var shape: Tensor.Shape {
        switch content {
        case .stored(let tensor): tensor.shape
        case .deferred(let images): images.shape
        }
    }

    /// The tensors of which the value is made, in the order of their channels, and where their derivatives go.
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

    /// Names a variable in pullbacks, without holding its value.
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

/// The value of a normalisation or of a concatenation, as the tensors that it is made of.
///
/// Convolutions and poolings read these directly: the normalised images are as large as what they are made from, and
/// neither the time to write and read them nor the memory to keep them for the way back is spent.
final class DeferredImages {
    /// Some of the channels.
    struct Part {
        /// `[batch, ..., channels]`.
        var tensor: Tensor
        /// What is done to each element when it is read.
        var activation: Activation?
        /// Where the derivative by these channels goes; `nil` for the variable that has this value.
        var id: Variable.ID?
    }

    /// act(x · scale + shift), with a slope below zero.
    struct Activation {
        /// `[channels]`, or `[batch, channels]` when every sample has its own.
        var scale: Tensor
        var shift: Tensor
        var slope: Float
    }

    let parts: [Part]
    let shape: Tensor.Shape
    private var computed: Tensor?

    /// Parts with equal leading extents.
    init(parts: [Part]) {
        self.parts = parts
        shape = parts[0].tensor.shape.replacingLast(with: parts.reduce(0) { $0 + $1.tensor.shape.last })
    }

    /// The elements; computed once.
    var value: Tensor {
        if let computed { return computed }
        // Samples with scales of their own are read one by one, all others as a single row of pixels.
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
