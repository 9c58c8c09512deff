/// A description of one step of a network: it holds slots and settings, never weights, and is applied to a variable on
/// a tape that reads the weights.
public protocol Layer: Sendable {
    /// The output for `x`, recorded on its tape.
    func callAsFunction(_ x: Variable) -> Variable
}
