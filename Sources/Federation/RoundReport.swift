import Foundation

/// The record of one round: the participants, the absent clients and the reasons, the amount of data sent, and the
/// time taken.
///
/// It is encoded as one line of JSON, a line of the run's `rounds.jsonl`.
public struct RoundReport: Codable, Hashable, Sendable {
    /// The number of the round, starting at 1.
    public let round: Int
    /// The clients whose updates were averaged, in client order.
    public let participants: [Participant]
    /// The clients missing from the average.
    public let absent: [Absence]
    /// The number of payload bytes from clients to the server, including those of absent clients.
    public let bytesUp: Int
    /// The number of payload bytes from the server to clients, including those to absent clients.
    public let bytesDown: Int
    /// The wall-clock time.
    public let seconds: Seconds
    /// The means of the participants' metrics, weighted by sample count, each over the clients that reported it.
    ///
    /// More metrics may be added before the report is recorded, such as the score of the new global model.
    public var metrics: [Metric: Double]

    /// A client whose update was averaged.
    public struct Participant: Codable, Hashable, Sendable {
        /// The client.
        public let client: String
        /// The number of samples that it trained on.
        public let sampleCount: Int
        /// Its fraction of the samples of all participants, which is its weight in a ``FedAvg``; missing in reports of
        /// earlier versions.
        public let share: Double?
        /// How far it moved the global model; missing in reports of earlier versions.
        public let distance: UpdateBounds.Distance?
        /// The number of features that it shared.
        public let features: Int
        /// The number of its payload bytes to the server: its features and its model.
        public let bytesUp: Int
        /// The number of payload bytes from the server to it: the global model and the features of others.
        public let bytesDown: Int
        /// The time that it took to share features and train, in seconds.
        public let seconds: Double
        /// The metrics of its update, without those that are not finite or too large.
        public let metrics: [Metric: Double]
    }

    /// An absent client, and the reason.
    public struct Absence: Codable, Hashable, Sendable, CustomStringConvertible {
        /// The client.
        public let client: String
        /// The phase in which it dropped out.
        public let phase: Phase
        /// The cause of the dropout.
        public let cause: Cause
        /// The reason, in one sentence.
        public let reason: String

        /// The phases of a round in which clients can drop out.
        public enum Phase: String, Codable, Hashable, Sendable {
            /// The exchange of features.
            case exchange
            /// Local training.
            case training
        }

        /// The causes of a dropout.
        public enum Cause: String, Codable, Hashable, Sendable {
            /// The client reported an error.
            case failed
            /// The server rejected its message.
            case rejected
        }

        /// Creates an absence.
        public init(client: String, phase: Phase, cause: Cause, reason: String) {
            (self.client, self.phase, self.cause, self.reason) = (client, phase, cause, reason)
        }

        /// A text such as `north failed in training: the disk is full`.
        public var description: String {
            "\(client) \(cause == .failed ? "failed" : "was rejected") in \(phase.rawValue): \(reason)"
        }
    }

    /// The wall-clock time of the three parts of a round, in seconds.
    public struct Seconds: Codable, Hashable, Sendable {
        /// The time to refresh, validate, and distribute the banks.
        public let exchange: Double
        /// The time for local training and validation of the updates.
        public let training: Double
        /// The time for aggregation.
        public let aggregation: Double
        /// The time for the whole round.
        public var total: Double { exchange + training + aggregation }
    }

    /// The report as one line of JSON with sorted keys and a line feed. Metrics that are not finite are omitted.
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
    /// Creates the report of a successful round. `shared` is the number of features that each client sent.
    init(
        round: Int, _ participation: Participation, updates: [LocalUpdate], distances: [UpdateBounds.Distance],
        reserved: Set<Metric>, shared: [Int], seconds: Seconds
    ) {
        let samples = updates.reduce(0.0) { $0 + Double($1.sampleCount) }
        let participants = zip(participation.present, zip(updates, distances)).map { index, reply in
            let (update, distance) = reply
            return Participant(
                client: update.client, sampleCount: update.sampleCount, share: Double(update.sampleCount) / samples,
                distance: distance, features: shared[index],
                bytesUp: participation.bytesUp[index], bytesDown: participation.bytesDown[index],
                seconds: participation.seconds[index],
                metrics: update.metrics.filter {
                    abs($0.value) <= Validation.maximumMetric && !reserved.contains($0.key)
                })
        }
        self.init(
            round: round, participants: participants, absent: participation.absent,
            bytesUp: participation.bytesUp.reduce(0, +), bytesDown: participation.bytesDown.reduce(0, +),
            seconds: seconds, metrics: Self.means(of: participants))
    }

    /// Returns the means of all metrics over the clients that reported them, weighted by sample count.
    private static func means(of participants: [Participant]) -> [Metric: Double] {
        var sums: [Metric: (value: Double, samples: Double)] = [:]
        for participant in participants {
            // Use a running mean, which stays finite where a sum might not.
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

/// The participation of all clients in one round: those present, those absent and why, and the amount of data sent.
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

    /// Drops a client that reported an error, or whose message was rejected.
    mutating func drop(_ index: Int, in phase: RoundReport.Absence.Phase, _ error: any Error) {
        present.removeAll { $0 == index }
        let rejection = error as? Rejection
        absent.append(
            RoundReport.Absence(
                client: names[index], phase: phase, cause: rejection == nil ? .failed : .rejected,
                reason: PeerText.excerpt(of: rejection?.description ?? "\(error)")))
    }

    func require(quorum: Int, round: Int) throws(FederationError) {
        guard present.count >= quorum else {
            throw .quorumLost(round: round, quorum: quorum, present: present.count, absent: absent)
        }
    }
}
