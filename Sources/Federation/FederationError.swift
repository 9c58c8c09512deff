import FileIO

/// An error that prevents a federation, or its run on disk, from continuing.
public enum FederationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Fewer clients than the quorum remained in a round. The global model is unchanged.
    case quorumLost(round: Int, quorum: Int, present: Int, absent: [RoundReport.Absence])
    /// The rule of aggregation needs more updates.
    case tooFewUpdates(rule: String, found: Int, expected: Int)
    /// The aggregate of a round cannot be the next global model, which is unchanged.
    case aggregateRefused(round: Int, reason: String)
    /// Another process uses the run directory.
    case runInUse(directory: String)
    /// A file of the run could not be read.
    case unreadable(path: String, reason: String)
    /// A file of the run could not be written.
    case unwritable(path: String, reason: String)
    /// There are checkpoints, but none of them is complete.
    case noWholeCheckpoint(directory: String, damage: [String])
    /// There is no checkpoint of the round to return to.
    case noCheckpoint(directory: String, round: Int, saved: [Int])

    /// A sentence with the error, its location, and the remedy.
    public var description: String {
        switch self {
        case .quorumLost(let round, let quorum, let present, let absent):
            "round \(round) was given up: \(present) of at least \(quorum) clients were left ("
                + absent.map(\.description).joined(separator: "; ") + ")"
        case .tooFewUpdates(let rule, let found, let expected):
            "\(rule) cannot aggregate \(found) updates; it needs \(expected)"
        case .aggregateRefused(let round, let reason):
            "the aggregate of round \(round) was refused: \(reason)"
        case .runInUse(let directory):
            "another process works in \(directory); wait for it or choose another directory"
        case .unreadable(let path, let reason):
            "\(path) cannot be read: \(reason)"
        case .unwritable(let path, let reason):
            "\(path) cannot be written: \(reason)"
        case .noCheckpoint(let directory, let round, let saved):
            "\(directory) has no checkpoint of round \(round); it has those of "
                + (saved.isEmpty ? "no round" : "round " + saved.map(\.description).joined(separator: ", "))
        case .noWholeCheckpoint(let directory, let damage):
            "no checkpoint in \(directory) is whole (" + damage.joined(separator: "; ")
                + "); restore one from a copy, or start in another directory"
        }
    }
}

extension FederationError {
    /// Creates the error that corresponds to a file error.
    init(_ error: FileError) {
        switch error {
        case .inUse(let path): self = .runInUse(directory: path)
        case .unwritable(let path, let reason): self = .unwritable(path: path, reason: reason)
        case .missing(let path): self = .unreadable(path: path, reason: "there is no such file")
        case .unreadable(let path, let reason), .damagedGzip(let path, _, let reason):
            self = .unreadable(path: path, reason: reason)
        }
    }
}
