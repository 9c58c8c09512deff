import Federation
import Foundation
import Synchronization
import Tensor

/// A site on another machine, as a client of a federation: what it is asked goes to its node, and what it answers is
/// taken apart here, before the door of the round.
public struct RemoteClient: Client {
    /// The name that the site gave itself, or one after its node.
    public let id: String
    /// The most features that the site sends in a round.
    public let maximumSharedFeatures: Int
    private let node: UInt64
    private let grid: FlowerGrid
    private let job: Job
    private var exchange: FeatureExchange?
    /// The last round whose model the site has replied to.
    private let delivered = Delivered()

    /// The properties shared by all clients of a run.
    public struct Job: Sendable {
        /// The job description for the sites, which this module does not read.
        public let description: String
        /// The timeout of the handshake.
        public let handshake: Duration
        /// The timeout of one phase of a round, the exchange or the training.
        public let phase: Duration

        /// A job.
        public init(description: String, phase: Duration, handshake: Duration = .seconds(60)) {
            (self.description, self.phase, self.handshake) = (description, phase, handshake)
        }
    }

    private init(id: String, maximumSharedFeatures: Int, node: UInt64, grid: FlowerGrid, job: Job) {
        (self.id, self.maximumSharedFeatures, self.node, self.grid, self.job) = (
            id, maximumSharedFeatures, node, grid, job
        )
    }

    /// The same site, in a federation that exchanges features.
    public func exchanging(_ exchange: FeatureExchange?) -> RemoteClient {
        var client = self
        client.exchange = exchange
        return client
    }

    /// The participants in client order: by name, with numbers in names compared as numbers.
    ///
    /// Sites that answer to `query.describe` have the names that they give; others, such as stock Flower apps, are called
    /// after their nodes and come last.
    ///
    /// - Parameters:
    ///   - grid: the nodes of the run.
    ///   - count: how many sites are waited for.
    ///   - job: what they are told, and how long they may take.
    ///   - timeout: how long they are waited for.
    ///   - notice: is told whom the federation waits for.
    /// - Throws: `FlowerError.timeout` if there are fewer than `count`; `.malformed` if two sites have the same name.
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
            // A site without a handshake may still train.
            guard case .site = error else { throw error }
        }
        return client
    }

    private static func precedes(_ a: RemoteClient, _ b: RemoteClient) -> Bool {
        func isNode(_ client: RemoteClient) -> Bool { client.id.hasPrefix("node-") }
        if isNode(a) != isNode(b) { return isNode(b) }
        return a.id.compare(b.id, options: .numeric) == .orderedAscending
    }

    /// A message with what is in all of them.
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

    /// Asks the site for its features under the global model; `nil` in a federation without exchange.
    ///
    /// - Throws: `FlowerError` if no reply, or an error, comes in time; `Rejection` if the features are not sound.
    public func shareFeatures(of parameters: Parameters, round: Int) async throws -> FeatureShare? {
        guard let exchange else { return nil }
        let reply = try await grid.ask(
            node, MessageType.exchange.rawValue, message(round: round, parameters), timeout: job.phase)
        delivered.round.store(round, ordering: .relaxed)
        return try reply.arrays(RecordName.features).map {
            try $0.share(from: id, round: round, expecting: exchange)
        }
    }

    /// Asks the site to train the global model, which it may have from `shareFeatures(of:round:)` of the same round.
    ///
    /// - Throws: `FlowerError` if no reply, or an error, comes in time; `Rejection` if the model is another one.
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

/// The memory of a remote client, shared by all copies of the value.
private final class Delivered: Sendable {
    let round = Atomic(-1)
}
