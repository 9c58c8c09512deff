import Foundation

/// What a run needs to go on after a round: named files, such as weights, optimizers, banks and generators.
public struct Checkpoint: Hashable, Sendable {
    /// The number of rounds behind it.
    public let round: Int
    /// The contents of its files by name.
    public let files: [String: Data]
}
