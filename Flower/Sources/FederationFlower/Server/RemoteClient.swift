import Federation
import Foundation
import Synchronization
import Tensor

/// A site on another machine, as a client of a federation.
///
/// Requests are sent to the site's node, and replies are decoded here, before the validation of the round.
public struct RemoteClient: Client {
    /// The name that the site reports, or one derived from its node.
    public let id: String
    /// The maximum number of features that the site sends per round.
    public let maximumSharedFeatures: Int
    private let node: UInt64
    private let grid: FlowerGrid
    private let job: Job
    private var exchange: FeatureExchange?
    /// The last round in which the site has replied to a message with the global model.
    private let delivered = Delivered()

    /// The properties shared by all clients of a run.
    public struct Job: Sendable {
        /// The job description for the sites, which this module does not interpret.
        public let description: String
        /// The timeout of the handshake.
        public let handshake: Duration
        /// The timeout of one phase of a round, exchange or training.
        public let phase: Duration

        /// Creates a job from its description and timeouts.
        public init(description: String, phase: Duration, handshake: Duration = .seconds(60)) {
            (self.description, self.phase, self.handshake) = (description, phase, handshake)
        }
    }

    private init(id: String, maximumSharedFeatures: Int, node: UInt64, grid: FlowerGrid, job: Job) {
        (self.id, self.maximumSharedFeatures, self.node, self.grid, self.job) = (
            id, maximumSharedFeatures, node, grid, job
        )
    }

    /// Returns the same site for a federation that exchanges features.
    public func exchanging(_ exchange: FeatureExchange?) -> RemoteClient {
        var client = self
        client.exchange = exchange
        return client
    }

    /// Waits for the participants and returns them in client order: by name, with numbers in names compared
    /// numerically.
    ///
    /// Sites that answer `query.describe` have the names that they report; others, such as stock Flower apps, are named
    /// after their nodes and come last.
    ///
    /// - Parameters:
    ///   - grid: The nodes of the run.
    ///   - count: The number of sites to wait for.
    ///   - job: The job description for the sites, with its timeouts.
    ///   - timeout: The maximum time to wait for the sites.
    ///   - notice: A closure that receives progress messages for people.
    /// - Throws: `FlowerError.timeout` if there are fewer than `count` sites; `.malformed` if two sites have the same
    ///   name.
    public static func all(
        of grid: FlowerGrid, count: Int, job: Job, timeout: Duration,
        notice: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws -> [RemoteClient] {
        let deadline = ContinuousClock.now + timeout
        var nodes: [UInt64] = []
        var told = -1
        while true {
            nodes = try await grid.nodes()
            if nodes.count >= count { break }
            if nodes.count != told { notice("\(nodes.count) of \(count) sites are there") }
            told = nodes.count
            guard ContinuousClock.now < deadline else {
                throw FlowerError.timeout(
                    what: "site \(nodes.count + 1) of \(count)", seconds: timeout.seconds)
            }
            try await Task.sleep(for: .milliseconds(500))
        }
        let present = try await withThrowingTaskGroup(of: RemoteClient?.self) { group in
            for node in nodes {
                group.addTask {
                    do { return try await shakeHands(with: node, of: grid, job: job) } catch let error as FlowerError {
                        guard case .timeout = error else { throw error }
                        notice("\(error); it is left out")
                        return nil
                    }
                }
            }
            var present: [RemoteClient] = []
            for try await client in group { if let client { present.append(client) } }
            return present
        }
        let clients = present.sorted(by: precedes)
        guard clients.count >= count else {
            throw FlowerError.timeout(what: "site \(clients.count + 1) of \(count)", seconds: job.handshake.seconds)
        }
        if let twin = zip(clients, clients.dropFirst()).first(where: { $0.id == $1.id })?.0 {
            throw FlowerError.malformed(
                what: "the name \(twin.id)", reason: "two sites have it; give each SuperNode another partition-id")
        }
        return clients
    }

    private static func shakeHands(with node: UInt64, of grid: FlowerGrid, job: Job) async throws -> RemoteClient {
        var client = RemoteClient(id: "node-\(node)", maximumSharedFeatures: 0, node: node, grid: grid, job: job)
        do {
            let reply = try await grid.ask(
                node, MessageType.describe.rawValue, client.message(round: 0), timeout: job.handshake)
            let config = reply.config(RecordName.config)
            if let name = config?.string(RecordName.client), (1...100).contains(name.count) {
                let most = config?.integer(RecordName.maximumShared) ?? 0
                client = RemoteClient(
                    id: name, maximumSharedFeatures: max(0, min(most, 1 << 24)), node: node, grid: grid, job: job)
            }
        } catch let error as FlowerError {
            // A site that does not support the handshake may still train.
            guard case .site = error else { throw error }
        }
        return client
    }

    private static func precedes(_ a: RemoteClient, _ b: RemoteClient) -> Bool {
        func isNode(_ client: RemoteClient) -> Bool { client.id.hasPrefix("node-") }
        if isNode(a) != isNode(b) { return isNode(b) }
        return a.id.compare(b.id, options: .numeric) == .orderedAscending
    }

    /// Creates a message with the records that all messages share.
    private func message(round: Int, _ model: Parameters? = nil) -> RecordDict {
        var config = ConfigRecord([
            (RecordName.job, .string(job.description)), (RecordName.round, .signed(Int64(round))),
        ])
        if let exchange { config[RecordName.maximumShared] = .signed(Int64(exchange.maximumCount)) }
        var message = RecordDict([])
        if let model { message[RecordName.arrays] = .arrays(ArrayRecord(model)) }
        message[RecordName.config] = .config(config)
        return message
    }

    /// Requests the site's features under the global model; `nil` in a federation without exchange.
    ///
    /// - Throws: `FlowerError` if the site replies with an error, or not in time; `Rejection` if the features are
    ///   invalid.
    public func shareFeatures(of parameters: Parameters, round: Int) async throws -> FeatureShare? {
        guard let exchange else { return nil }
        let reply = try await grid.ask(
            node, MessageType.exchange.rawValue, message(round: round, parameters), timeout: job.phase)
        delivered.round.store(round, ordering: .relaxed)
        return try reply.arrays(RecordName.features).map {
            try $0.share(from: id, round: round, expecting: exchange)
        }
    }

    /// Requests that the site train the global model.
    ///
    /// The model is not sent again if the site has it from `shareFeatures(of:round:)` of the same round.
    ///
    /// - Throws: `FlowerError` if the site replies with an error, or not in time; `Rejection` if the returned weights
    ///   do not match the model.
    public func train(
        from parameters: Parameters, round: Int, features: [FeatureShare]
    ) async throws -> LocalUpdate {
        func train(from model: Parameters?) async throws -> RecordDict {
            var message = message(round: round, model)
            if !features.isEmpty { message[RecordName.bank] = .arrays(ArrayRecord(bank: features)) }
            return try await grid.ask(node, MessageType.train.rawValue, message, timeout: job.phase)
        }
        let isThere = delivered.round.load(ordering: .relaxed) == round
        var reply = try await train(from: isThere ? nil : parameters)
        if isThere, reply.config(RecordName.config)?.string(RecordName.missing) != nil {
            reply = try await train(from: parameters)
        }
        return try reply.update(from: id, round: round, like: parameters)
    }
}

/// The state of a remote client, shared by all copies of the value.
private final class Delivered: Sendable {
    let round = Atomic(-1)
}
