import Tensor

/// A server and its clients, who train one model together without showing each other their data.
///
/// ```swift
/// var federation = Federation(clients: hospitals, parameters: parameters, quorum: 8, concurrency: 2)
/// for _ in 1...100 {
///     let report = try await federation.runRound()
///     print(report.metrics["loss"] ?? .nan)
/// }
/// ```
///
/// The clients' order in `clients` is the order in which everything is done with what they sent, whatever order it came
/// in: a round has the same bits at any `concurrency`.
///
/// Source: McMahan et al., AISTATS 2017, Algorithm 1; with the exchange of features of Wu et al., MICCAI 2021.
public struct Federation: Sendable {
    /// The clients, in client order.
    public let clients: [any Client]
    /// The global model, after the last round that succeeded.
    public private(set) var parameters: Parameters
    /// The number of rounds behind `parameters`; the next one is one higher.
    public private(set) var round: Int
    /// How updates become the next model.
    public private(set) var aggregator: any Aggregator
    /// How many clients a round needs.
    public let quorum: Int
    /// How many clients work at the same time.
    public let concurrency: Int
    /// What the exchanged features look like; `nil` where clients exchange only models.
    public let exchange: FeatureExchange?

    /// A federation about to begin its round `round + 1`.
    ///
    /// - Parameters:
    ///   - clients: the clients, in client order.
    ///   - parameters: the model from which the next round starts.
    ///   - round: the number of rounds that led to `parameters`.
    ///   - quorum: how many clients a round needs: with fewer it is given up.
    ///   - concurrency: how many clients work at the same time. At more than one, each of them is held to one thread,
    ///     which is the better use of the cores when batches are small. For clients that compute on this machine, no
    ///     more than it has cores.
    ///   - aggregator: how updates become the next model.
    ///   - exchange: what the exchanged features look like, if clients exchange any.
    /// - Precondition: names of clients differ; `1 ≤ quorum ≤ clients.count`; `concurrency ≥ 1`; `round ≥ 0`.
    public init(
        clients: [any Client], parameters: Parameters, round: Int = 0, quorum: Int, concurrency: Int = 1,
        aggregator: any Aggregator = FedAvg(), exchange: FeatureExchange? = nil
    ) {
        let names = clients.map(\.id)
        precondition(Set(names).count == names.count, "two clients have the same name: \(names)")
        precondition((1...max(1, clients.count)).contains(quorum), "a quorum of \(quorum) of \(clients.count) clients")
        precondition(concurrency >= 1, "\(concurrency) clients at the same time: expected at least 1")
        precondition(round >= 0, "\(round) rounds behind the model: expected 0 or more")
        self.clients = clients
        self.parameters = parameters
        self.round = round
        self.quorum = quorum
        self.concurrency = concurrency
        self.aggregator = aggregator
        self.exchange = exchange
    }

    /// Runs one round: broadcast, exchange of features, local training, average.
    ///
    /// Clients that fail, and clients whose messages are not accepted at the door, leave the round and are named in the
    /// report.
    ///
    /// - Throws: `FederationError.quorumLost` if too few clients are left; `CancellationError` if the task was
    ///   cancelled, as soon as the clients at work have stopped; what the aggregator throws. The federation is then
    ///   unchanged.
    public mutating func runRound() async throws -> RoundReport {
        let round = round + 1
        let clock = ContinuousClock()
        var roll = Roll(clients.map(\.id))
        var door = Admission(round: round, reference: parameters, exchange: exchange)

        let start = clock.now
        let model = Payload(parameters).bytes.count
        for index in clients.indices { roll.bytesDown[index] += model }
        let received = try await exchangeFeatures(round: round, through: &door, roll: &roll)

        let exchanged = clock.now
        let updates = try await train(with: received, round: round, through: &door, roll: &roll)

        let trained = clock.now
        var (next, rule) = (parameters, aggregator)
        try rule.aggregate(updates, into: &next)
        (parameters, aggregator, self.round) = (next, rule, round)

        return RoundReport(
            round: round, roll: roll, updates: updates, shared: received.map(\.shared),
            seconds: RoundReport.Seconds(
                exchange: (exchanged - start).seconds, training: (trained - exchanged).seconds,
                aggregation: (clock.now - trained).seconds))
    }
}
