import Foundation

/// What happened in one round: who took part, who did not and why, how much was sent, how long it took.
///
/// Encoded it is one line of JSON, a line of the run's `rounds.jsonl`.
public struct RoundReport: Codable, Hashable, Sendable {
    /// The number of the round; the first is 1.
    public let round: Int
    /// The clients whose updates were averaged, in client order.
    public let participants: [Participant]
    /// The clients that are missing from the average.
    public let absent: [Absence]
    /// The bytes of all payloads from clients to the server, those of absent clients included.
    public let bytesUp: Int
    /// The bytes of all payloads from the server to clients, those of absent clients included.
    public let bytesDown: Int
    /// Wall-clock time.
    public let seconds: Seconds
    /// The means of the participants' metrics, weighted by sample count; each over the clients that gave it. More
    /// may be added before the report is recorded, such as the score of the new global model.
    public var metrics: [String: Double]

    /// One client whose update was averaged.
    public struct Participant: Codable, Hashable, Sendable {
        /// The client.
        public let client: String
        /// The samples it trained on.
        public let sampleCount: Int
        /// The features it shared.
        public let features: Int
        /// The bytes of its payloads to the server: its features and its model.
        public let bytesUp: Int
        /// The bytes of the server's payloads to it: the global model and the features of others.
        public let bytesDown: Int
        /// The time it took to share features and train.
        public let seconds: Double
        /// The metrics of its update that are finite numbers.
        public let metrics: [String: Double]
    }

    /// One client that is missing, and why.
    public struct Absence: Codable, Hashable, Sendable, CustomStringConvertible {
        /// The client.
        public let client: String
        /// When it dropped out.
        public let phase: Phase
        /// Whose decision it was.
        public let cause: Cause
        /// One sentence.
        public let reason: String

        /// The two times at which a client is asked.
        public enum Phase: String, Codable, Hashable, Sendable {
            /// When features were exchanged.
            case exchange
            /// When the global model was trained.
            case training
        }

        /// The two ways of dropping out.
        public enum Cause: String, Codable, Hashable, Sendable {
            /// The client itself reported an error.
            case failed
            /// The server did not accept what the client sent.
            case rejected
        }

        /// An absence.
        public init(client: String, phase: Phase, cause: Cause, reason: String) {
            self.client = client
            self.phase = phase
            self.cause = cause
            self.reason = reason
        }

        /// `north failed in training: the disk is full`.
        public var description: String {
            "\(client) \(cause == .failed ? "failed" : "was rejected") in \(phase.rawValue): \(reason)"
        }
    }

    /// Wall-clock seconds of the three parts of a round.
    public struct Seconds: Codable, Hashable, Sendable {
        /// Refilling the banks, checking and distributing them.
        public let exchange: Double
        /// Local training, and checking the updates.
        public let training: Double
        /// The average.
        public let aggregation: Double
        /// All of the round.
        public var total: Double { exchange + training + aggregation }
    }

    /// The report as one line of JSON with sorted keys, and a line feed. Metrics that are not finite are left out.
    public var line: Data {
        var report = self
        report.metrics = metrics.filter { $0.value.isFinite }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let json = try? encoder.encode(report) else { preconditionFailure("no line for round \(round)") }
        return json + [0x0A]
    }
}
