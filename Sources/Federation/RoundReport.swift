import Foundation

/// The record of one round: who took part, who did not and why, how much was sent, and how long it took.
///
/// Encoded it is one line of JSON, a line of the run's `rounds.jsonl`.
public struct RoundReport: Codable, Hashable, Sendable {
    /// The number of the round; the first is 1.
    public let round: Int
    /// The clients whose updates were averaged, in client order.
    public let participants: [Participant]
    /// The clients that are missing from the average.
    public let absent: [Absence]
    /// The number of payload bytes from clients to the server, including those of absent clients.
    public let bytesUp: Int
    /// The number of payload bytes from the server to clients, including those to absent clients.
    public let bytesDown: Int
    /// Wall-clock time.
    public let seconds: Seconds
    /// The means of the participants' metrics, weighted by sample count, each over the clients that reported it. More
    /// may be added before the report is recorded, such as the score of the new global model.
    public var metrics: [Metric: Double]

    /// One client whose update was averaged.
    public struct Participant: Codable, Hashable, Sendable {
        /// The client.
        public let client: String
        /// The number of samples it trained on.
        public let sampleCount: Int
        /// The number of features it shared.
        public let features: Int
        /// The number of its payload bytes to the server: its features and its model.
        public let bytesUp: Int
        /// The number of payload bytes from the server to it: the global model and the features of others.
        public let bytesDown: Int
        /// The time it took to share features and train.
        public let seconds: Double
        /// The metrics of its update that are finite numbers.
        public let metrics: [Metric: Double]
    }

    /// One client that is missing, and why.
    public struct Absence: Codable, Hashable, Sendable, CustomStringConvertible {
        /// The client.
        public let client: String
        /// The phase in which it dropped out.
        public let phase: Phase
        /// The way in which it dropped out.
        public let cause: Cause
        /// One sentence.
        public let reason: String

        /// The phases of a round in which a client is asked.
        public enum Phase: String, Codable, Hashable, Sendable {
            /// The exchange of features.
            case exchange
            /// Local training.
            case training
        }

        /// The ways of dropping out.
        public enum Cause: String, Codable, Hashable, Sendable {
            /// The client itself reported an error.
            case failed
            /// The server did not accept its message.
            case rejected
        }

        /// An absence.
        public init(client: String, phase: Phase, cause: Cause, reason: String) {
            (self.client, self.phase, self.cause, self.reason) = (client, phase, cause, reason)
        }

        /// `north failed in training: the disk is full`.
        public var description: String {
            "\(client) \(cause == .failed ? "failed" : "was rejected") in \(phase.rawValue): \(reason)"
        }
    }

    /// Wall-clock seconds of the three parts of a round.
    public struct Seconds: Codable, Hashable, Sendable {
        /// Refreshing the banks, validating and distributing them.
        public let exchange: Double
        /// Local training and validation of the updates.
        public let training: Double
        /// Aggregation.
        public let aggregation: Double
        /// The whole round.
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

extension RoundReport {
    /// The report of a round that succeeded. `shared` counts the features that each client sent.
    init(round: Int, _ participation: Participation, updates: [LocalUpdate], shared: [Int], seconds: Seconds) {
        let participants = zip(participation.present, updates).map { index, update in
            Participant(
                client: update.client, sampleCount: update.sampleCount, features: shared[index],
                bytesUp: participation.bytesUp[index], bytesDown: participation.bytesDown[index],
                seconds: participation.seconds[index], metrics: update.metrics.filter { $0.value.isFinite })
        }
        self.init(
            round: round, participants: participants, absent: participation.absent,
            bytesUp: participation.bytesUp.reduce(0, +), bytesDown: participation.bytesDown.reduce(0, +),
            seconds: seconds, metrics: Self.means(of: participants))
    }

    /// The means of all metrics over the clients that reported them, weighted by sample count.
    private static func means(of participants: [Participant]) -> [Metric: Double] {
        var sums: [Metric: (value: Double, samples: Double)] = [:]
        for participant in participants {
            // As a running mean, which stays finite where a sum might not.
            for (name, value) in participant.metrics {
                let samples = Double(participant.sampleCount)
                let old = sums[name] ?? (0, 0)
                let total = old.samples + samples
                sums[name] = (old.value + (value - old.value) * (samples / total), total)
            }
        }
        return sums.compactMapValues { $0.value.isFinite ? $0.value : nil }
    }
}

/// The participation of all clients in one round: who is still present, why the others are not, and what was sent.
struct Participation: Sendable {
    private(set) var present: [Int]
    private(set) var absent: [RoundReport.Absence] = []
    var bytesUp: [Int]
    var bytesDown: [Int]
    var seconds: [Double]
    private let names: [String]

    init(_ names: [String]) {
        self.names = names
        present = Array(names.indices)
        bytesUp = Array(repeating: 0, count: names.count)
        bytesDown = bytesUp
        seconds = Array(repeating: 0, count: names.count)
    }

    /// Drops a client that reported an error, whose text is cut to 300 characters, or whose message was rejected.
    mutating func drop(_ index: Int, in phase: RoundReport.Absence.Phase, _ error: any Error) {
        present.removeAll { $0 == index }
        let rejection = error as? Rejection
        absent.append(
            RoundReport.Absence(
                client: names[index], phase: phase, cause: rejection == nil ? .failed : .rejected,
                reason: rejection?.description ?? String("\(error)".prefix(300))))
    }

    func require(quorum: Int, round: Int) throws(FederationError) {
        guard present.count >= quorum else {
            throw .quorumLost(round: round, quorum: quorum, present: present.count, absent: absent)
        }
    }
}
