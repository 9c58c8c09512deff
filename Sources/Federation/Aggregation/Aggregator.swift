import Tensor

/// How the models of the clients become the next global model.
///
/// An aggregator is a value; one that has memory, such as server momentum, keeps it in itself between rounds.
public protocol Aggregator: Sendable {
    /// Replaces `parameters`, from which the clients started, by the next global model.
    ///
    /// The updates passed the door: they have the slots of `parameters`, are finite and have positive sample counts.
    /// If this throws, the federation keeps its model.
    ///
    /// - Precondition: at least one update.
    mutating func aggregate(_ updates: [LocalUpdate], into parameters: inout Parameters) throws
}
