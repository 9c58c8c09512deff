import Federation
import Foundation
import Synchronization
import Tensor

/// A site on another machine, as a client of a federation.
///
/// Requests are sent to the site's node, and replies are decoded here, before the validation of the round.
public struct RemoteClient: Client {
    /// The name that the site reports, or one derived from its node.
    public private(set) var id: String
    /// The maximum number of features that the site sends per round.
    public let maximumSharedFeatures: Int
    private let node: UInt64
    private let grid: FlowerGrid
    private let job: Job
    /// Whether the site reads and sends models as one array.
    private var packs = false
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

    /// The maximum size of what a reply has besides weights or features: names, metrics, and headers of arrays.
    private static let overhead = 4 << 20

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
    /// after their nodes and come last, and so are sites that report the same name. A site that answers with something
    /// else, or not in time, is left out.
    ///
    /// - Parameters:
    ///   - grid: The nodes of the run.
    ///   - count: The number of sites to wait for.
    ///   - job: The job description for the sites, with its timeouts.
    ///   - timeout: The maximum time to wait for the sites.
    ///   - notice: A closure that receives progress messages for people.
    /// - Throws: `FlowerError.timeout` if there are fewer than `count` sites.
    public static func all(
        of grid: FlowerGrid, count: Int, job: Job, timeout: Duration,
        notice: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws -> [RemoteClient] {
        let deadline = ContinuousClock.now + timeout
        var present: [UInt64: RemoteClient] = [:]
        var asked: Set<UInt64> = []
        var told = -1
        while true {
            let new = try await grid.nodes().filter { asked.insert($0).inserted }
            for (node, client) in try await greet(new, of: grid, job: job, notice: notice) { present[node] = client }
            if present.count >= count { break }
            if present.count != told { notice("\(present.count) of \(count) sites are there") }
            told = present.count
            guard ContinuousClock.now < deadline else {
                throw FlowerError.timeout(what: "site \(present.count + 1) of \(count)", seconds: timeout.seconds)
            }
            try await Task.sleep(for: .milliseconds(500))
        }
        let names = Dictionary(grouping: present.values, by: \.id)
        for (name, twins) in names.sorted(by: { $0.key < $1.key }) where twins.count > 1 {
            let nodes = twins.map(\.node).sorted()
            notice(
                "the nodes \(nodes.map(String.init).joined(separator: ", ")) all call themselves \(name) and go by their "
                    + "numbers; give each SuperNode another partition-id")
            for node in nodes { present[node]?.id = "node-\(node)" }
        }
        return present.values.sorted(by: precedes)
    }

    /// Shakes hands with nodes at the same time, and returns those that answer as a site does.
    private static func greet(
        _ nodes: [UInt64], of grid: FlowerGrid, job: Job, notice: @escaping @Sendable (String) -> Void
    ) async throws -> [(UInt64, RemoteClient)] {
        try await withThrowingTaskGroup(of: RemoteClient?.self) { group in
            for node in nodes {
                group.addTask {
                    do { return try await shakeHands(with: node, of: grid, job: job) } catch let error as FlowerError {
                        notice("node \(node) is left out: \(error)")
                        return nil
                    }
                }
            }
            var present: [(UInt64, RemoteClient)] = []
            for try await client in group { if let client { present.append((client.node, client)) } }
            return present
        }
    }

    private static func shakeHands(with node: UInt64, of grid: FlowerGrid, job: Job) async throws -> RemoteClient {
        var client = RemoteClient(id: "node-\(node)", maximumSharedFeatures: 0, node: node, grid: grid, job: job)
        do {
            let reply = try await grid.ask(
                node, MessageType.describe.rawValue, client.message(round: 0), timeout: job.handshake)
            let config = reply.config(RecordName.config)
            if let name = config?.string(RecordName.client) {
                guard ClientName.isValid(name) else {
                    throw FlowerError.malformed(
                        what: "the name of node \(node)",
                        reason: "'\(PeerText.excerpt(of: name))' is not up to 64 letters, digits, or any of ._-")
                }
                let most = config?.integer(RecordName.maximumShared) ?? 0
                client = RemoteClient(
                    id: name, maximumSharedFeatures: max(0, min(most, FeatureExchange.maximumShared)), node: node,
                    grid: grid, job: job)
                client.packs = config?.bool(RecordName.packed) ?? false
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
        let order = a.id.compare(b.id, options: .numeric)
        // `client-1` and `client-01` are equal as numbers.
        return order == .orderedSame ? a.id < b.id : order == .orderedAscending
    }

    /// Creates a message with the records that all messages share.
    private func message(round: Int, _ model: Parameters? = nil) -> RecordDict {
        var config = ConfigRecord([
            (RecordName.job, .string(job.description)), (RecordName.round, .signed(Int64(round))),
        ])
        if let exchange { config[RecordName.maximumShared] = .signed(Int64(exchange.maximumCount)) }
        if packs { config[RecordName.packed] = .bool(true) }
        var message = RecordDict([])
        if let model { message[RecordName.arrays] = .arrays(packs ? ArrayRecord(packing: model) : ArrayRecord(model)) }
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
            node, MessageType.exchange.rawValue, message(round: round, parameters),
            maximumBytes: Self.overhead + exchange.maximumCount * (4 * exchange.dimension + 1), timeout: job.phase)
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
            return try await grid.ask(
                node, MessageType.train.rawValue, message, maximumBytes: Self.overhead + parameters.byteCount,
                timeout: job.phase)
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
