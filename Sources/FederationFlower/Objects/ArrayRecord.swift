#if Flower
/// Arrays by name, in order: the weights of a model, or the banks of several clients.
///
/// ```swift
/// let record = ArrayRecord([("model", NumPyArray(weights, shape: [weights.count]))])
/// ```
///
/// Flower's Python side gives the arrays to NumPy in this order.
public struct ArrayRecord: Sendable, Equatable {
    var arrays: NamedValues<NumPyArray>

    /// A record of the given arrays, in this order.
    ///
    /// - Precondition: no name is there twice.
    public init(_ entries: [(String, NumPyArray)] = []) {
        arrays = NamedValues(entries)
    }

    /// The names, in order.
    public var names: [String] { arrays.names }

    /// The array of that name. A new name is appended, one that exists keeps its place, and `nil` removes it.
    public subscript(name: String) -> NumPyArray? {
        get { arrays[name] }
        set { arrays[name] = newValue }
    }
}
#endif
