/// A tensor on a tape: the operand and the result of every differentiable operation.
///
/// A variable lives and dies inside one gradient computation; it is not `Sendable`.
public struct Variable {
    /// The elements.
    public let value: Tensor
    /// The tape that records what happens to it.
    public let tape: Tape
    /// Where its derivative goes.
    public let id: ID

    /// The extents of the value.
    public var shape: Tensor.Shape { value.shape }

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
