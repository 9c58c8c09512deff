import Features
import Foundation
import Tensor

/// A server and its clients, which train one model together without sharing their data.
///
/// ```swift
/// var federation = Federation(clients: hospitals, parameters: parameters, quorum: 8, concurrency: 2)
/// for _ in 1...100 {
///     let report = try await federation.runRound()
///     print(report.metrics[.loss] ?? .nan)
/// }
/// ```
///
/// Messages of the clients are processed in the order of `clients`, regardless of the order of arrival, so the
/// result of a round is bitwise identical for any `concurrency`.
///
/// Source: McMahan et al., AISTATS 2017, Algorithm 1; with the exchange of features of Wu et al., MICCAI 2021.
public struct Federation: Sendable {
    /// The clients, in client order.
    public let clients: [any Client]
    /// The global model after the last successful round.
    public private(set) var parameters: Parameters
    /// The number of completed rounds.
    public private(set) var round: Int
    /// The rule that turns updates into the next model.
    public private(set) var aggregator: any Aggregator
    /// The minimum number of clients in a round.
    public let quorum: Int
    /// The maximum number of clients that work concurrently.
    public let concurrency: Int
    /// The format of the exchanged features; `nil` if clients exchange only models.
    public let exchange: FeatureExchange?
    /// The bounds on the influence of one client; `nil` for none.
    public private(set) var bounds: UpdateBounds?
    /// The metrics that only the server reports.
    public let reservedMetrics: Set<Metric>

    /// Creates a federation about to begin round `round + 1`.
    ///
    /// - Parameters:
    ///   - clients: The clients, in client order.
    ///   - parameters: The model from which the next round starts.
    ///   - round: The number of rounds that led to `parameters`.
    ///   - quorum: The minimum number of clients in a round; with fewer, the round fails.
    ///   - concurrency: The maximum number of clients that work concurrently. If it is greater than 1, each client is
    ///     limited to one thread, which makes better use of the cores when batches are small. For clients that
    ///     compute on this machine, use at most the number of cores.
    ///   - aggregator: The rule that turns updates into the next model.
    ///   - exchange: The format of the exchanged features, if clients exchange any.
    ///   - bounds: The bounds on the influence of one client; `nil` for none, if all clients are trusted.
    ///   - reservedMetrics: The metrics that only the server reports; what clients send under these names is left out.
    /// - Precondition: Client names are distinct and valid, see ``ClientName``; `1 ≤ quorum ≤ clients.count`; `concurrency ≥ 1`; `round ≥ 0`.
    public init(
        clients: [any Client], parameters: Parameters, round: Int = 0, quorum: Int, concurrency: Int = 1,
        aggregator: any Aggregator = FedAvg(), exchange: FeatureExchange? = nil,
        bounds: UpdateBounds? = UpdateBounds(), reservedMetrics: Set<Metric> = []
    ) {
        let names = clients.map(\.id)
        for name in names { precondition(ClientName.isValid(name), "a client named '\(name)'") }
        precondition(Set(names).count == names.count, "two clients have the same name: \(names)")
        precondition((1...max(1, clients.count)).contains(quorum), "a quorum of \(quorum) of \(clients.count) clients")
        precondition(concurrency >= 1, "\(concurrency) clients at the same time: expected at least 1")
        precondition(round >= 0, "\(round) completed rounds: expected 0 or more")
        self.clients = clients
        (self.parameters, self.round, self.aggregator) = (parameters, round, aggregator)
        (self.quorum, self.concurrency, self.exchange, self.bounds) = (quorum, concurrency, exchange, bounds)
        self.reservedMetrics = reservedMetrics
    }

    /// Runs one round: broadcast, feature exchange, local training, and aggregation.
    ///
    /// Clients that fail, and clients whose messages are rejected, leave the round and are named in the report.
    ///
    /// - Throws: `FederationError.quorumLost` if too few clients remain; `.aggregateRefused` if the aggregate is not a
    ///   model or is beyond the bounds; `CancellationError` if the task was canceled, as soon as the clients at work
    ///   have stopped; any error of the aggregator. In all cases, the federation is unchanged.
    public mutating func runRound() async throws -> RoundReport {
        let round = round + 1
        let clock = ContinuousClock()
        var participation = Participation(clients.map(\.id))
        var validation = Validation(round: round, reference: parameters, exchange: exchange)

        let start = clock.now
        for index in clients.indices { participation.bytesDown[index] += parameters.byteCount }
        let shares = try await exchangeFeatures(round: round, &validation, &participation)

        let exchanged = clock.now
        let received = try await train(with: shares, round: round, &validation, &participation)
        let (updates, distances) = try bounded(received, round: round, &participation)
        guard updates.count >= aggregator.minimumUpdates else {
            throw FederationError.tooFewUpdates(
                rule: "\(type(of: aggregator))", found: updates.count, expected: aggregator.minimumUpdates)
        }

        let trained = clock.now
        var (next, rule) = (parameters, aggregator)
        try rule.aggregate(updates, into: &next)
        try check(next, after: distances, round: round)
        bounds?.remember(distances)
        (parameters, aggregator, self.round) = (next, rule, round)

        return RoundReport(
            round: round, participation, updates: updates, distances: distances, reserved: reservedMetrics,
            shared: shares.map { $0?.features.count ?? 0 },
            seconds: RoundReport.Seconds(
                exchange: (exchanged - start) / .seconds(1), training: (trained - exchanged) / .seconds(1),
                aggregation: (clock.now - trained) / .seconds(1)))
    }

    /// Collects and validates the banks of all clients; `nil` for clients that shared none.
    private func exchangeFeatures(
        round: Int, _ validation: inout Validation, _ participation: inout Participation
    ) async throws -> [FeatureShare?] {
        var shares = [FeatureShare?](repeating: nil, count: clients.count)
        guard exchange != nil else { return shares }
        let replies = try await ask(participation.present) { [parameters] _, client in
            try await client.shareFeatures(of: parameters, round: round)
        }
        for reply in replies {
            participation.seconds[reply.index] += reply.seconds
            do {
                guard let share = try reply.answer.get() else { continue }
                participation.bytesUp[reply.index] += share.features.byteCount
                try validation.accept(share, from: clients[reply.index].id)
                shares[reply.index] = share
            } catch {
                participation.drop(reply.index, in: .exchange, error)
            }
        }
        try participation.require(quorum: quorum, round: round)
        for receiver in clients.indices where shares[receiver] != nil {
            for (sender, share) in shares.enumerated() where sender != receiver {
                participation.bytesDown[receiver] += share?.features.byteCount ?? 0
            }
        }
        return shares
    }

    /// Trains at the present clients, each with the shares of all others if it shared its own, and returns the
    /// accepted updates in client order.
    private func train(
        with shares: [FeatureShare?], round: Int, _ validation: inout Validation, _ participation: inout Participation
    ) async throws -> [LocalUpdate] {
        let replies = try await ask(participation.present) { [parameters] index, client in
            let others = shares[index] == nil ? [] : shares.enumerated().filter { $0.offset != index }
            return try await client.train(from: parameters, round: round, features: others.compactMap(\.element))
        }
        var updates: [LocalUpdate] = []
        for reply in replies {
            participation.seconds[reply.index] += reply.seconds
            do {
                let update = try reply.answer.get()
                participation.bytesUp[reply.index] += update.parameters.byteCount
                try validation.accept(update, from: clients[reply.index].id)
                updates.append(update)
            } catch {
                participation.drop(reply.index, in: .training, error)
            }
        }
        try participation.require(quorum: quorum, round: round)
        return updates
    }

    /// Returns the updates within the bounds and their distances; the clients of the others leave the round.
    private func bounded(
        _ updates: [LocalUpdate], round: Int, _ participation: inout Participation
    ) throws(FederationError) -> (updates: [LocalUpdate], distances: [UpdateBounds.Distance]) {
        let distances = updates.map { parameters.distance(to: $0.parameters) }
        guard let faults = bounds?.faults(in: updates, distances, from: parameters) else { return (updates, distances) }
        for (index, (update, fault)) in zip(participation.present, zip(updates, faults)) {
            if let fault { participation.drop(index, in: .training, Rejection(update.client, fault)) }
        }
        try participation.require(quorum: quorum, round: round)
        let kept = updates.indices.filter { faults[$0] == nil }
        return (kept.map { updates[$0] }, kept.map { distances[$0] })
    }

    /// Checks that an aggregator produced a model that clients can start from.
    private func check(
        _ next: Parameters, after distances: [UpdateBounds.Distance], round: Int
    ) throws(FederationError) {
        if let slot = next.firstInvalidSlot {
            throw .aggregateRefused(round: round, reason: "it has impossible values in \(slot.name)")
        }
        if bounds?.permits(next, from: parameters, after: distances) == false {
            throw .aggregateRefused(
                round: round,
                reason:
                    "it is farther from the last model than a client may move it; a lower server learning rate may help"
            )
        }
    }

    /// The response of one client.
    private struct Reply<Answer: Sendable>: Sendable {
        let index: Int
        let answer: Result<Answer, any Error>
        let seconds: Double
    }

    /// Sends a request to some clients, at most `concurrency` at a time, and returns their responses in client order.
    ///
    /// - Throws: `CancellationError` if the task was canceled; no more clients are then contacted.
    private func ask<Answer: Sendable>(
        _ indices: [Int], _ question: @escaping @Sendable (Int, any Client) async throws -> Answer
    ) async throws(CancellationError) -> [Reply<Answer>] {
        let threads = concurrency > 1 ? Parallel.threadsPerTask(min(concurrency, indices.count)) : Parallel.threadLimit
        let replies = await withTaskGroup(of: Reply<Answer>.self) { group in
            var waiting = indices.makeIterator()
            func askNext() {
                guard !group.isCancelled, let index = waiting.next() else { return }
                let client = clients[index]
                group.addTask {
                    await Parallel.$threadLimit.withValue(threads) {
                        let clock = ContinuousClock()
                        let start = clock.now
                        let answer: Result<Answer, any Error>
                        do { answer = .success(try await question(index, client)) } catch { answer = .failure(error) }
                        return Reply(index: index, answer: answer, seconds: (clock.now - start) / .seconds(1))
                    }
                }
            }
            for _ in 0..<concurrency { askNext() }
            var replies: [Reply<Answer>] = []
            for await reply in group {
                replies.append(reply)
                askNext()
            }
            return replies
        }
        if Task.isCancelled { throw CancellationError() }
        return replies.sorted { $0.index < $1.index }
    }
}

extension Federation {
    /// Continues after the round of a checkpoint that `run(rounds:store:…)` saved.
    ///
    /// - Throws: `WeightsError` if the checkpoint is not one of such a federation, which is then unchanged.
    public mutating func restore(_ checkpoint: Checkpoint) throws(WeightsError) {
        let model = try checkpoint.model(like: parameters)
        if checkpoint.files[Checkpoint.aggregator] != nil {
            try aggregator.restore(checkpoint.weights(Checkpoint.aggregator), for: model)
        }
        (parameters, round) = (model, checkpoint.round)
    }

    /// Runs rounds until `rounds` of them are complete, recording and saving each.
    ///
    /// ```swift
    /// try await federation.run(rounds: 100, store: &store, state: { ["sites.safetensors": …] })
    /// ```
    ///
    /// - Parameters:
    ///   - rounds: The total number of completed rounds at the end.
    ///   - store: The run on disk, which is at the same round.
    ///   - interval: The minimum time between two checkpoints; the last round always has one.
    ///   - state: Returns the files to save with the global model, which is `model.safetensors`.
    ///   - review: Amends a report before it is recorded, for example, with a score of the new global model.
    ///   - finished: A closure called after a round is on disk.
    /// - Throws: Any error of a round, the store, or the closures; `CancellationError` between two rounds.
    public mutating func run(
        rounds: Int, store: inout RunStore, savingEvery interval: Duration = .zero,
        state: () async throws -> [String: Data] = { [:] },
        review: (inout RoundReport, Parameters) async throws -> Void = { _, _ in },
        finished: (RoundReport) -> Void = { _ in }
    ) async throws {
        if bounds != nil { bounds = UpdateBounds(after: try store.reports()) }
        var saved = ContinuousClock.now
        while round < rounds {
            try Task.checkCancellation()
            var report = try await runRound()
            try await review(&report, parameters)
            try store.record(report)
            if round == rounds || ContinuousClock.now - saved >= interval {
                var files = try await state()
                files[Checkpoint.model] = parameters.safetensors().data
                let memory = aggregator.memory
                if !memory.tensors.isEmpty { files[Checkpoint.aggregator] = memory.data }
                try store.save(files)
                saved = .now
            }
            finished(report)
        }
    }
}
