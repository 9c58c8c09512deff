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
