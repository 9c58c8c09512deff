import Federation
import Foundation

/// A resident process at one site that answers the messages of its SuperNode one after the other.
///
/// ```swift
/// let app = FlowerClientApp(try FlowerEndpoint(address: "http://127.0.0.1:9094"), app: "federated-contrastive/…")
/// try await app.run { request in try await site.answer(request) }
/// ```
///
/// Every message is answered, with an error if necessary, because a SuperNode waits forever for a missing reply.
public struct FlowerClientApp: Sendable {
    private let endpoint: FlowerEndpoint
    private let app: String?
    private let transport: (any FlowerTransport)?
    private let idle: Duration
    private let notice: @Sendable (String) -> Void
    private let audit: AuditLog?
    private let observer: @Sendable (AuditLog.Entry) -> Void

    /// Creates a process that takes tasks at an endpoint.
    ///
    /// - Parameters:
    ///   - endpoint: The endpoint of the SuperNode.
    ///   - app: The only app, `publisher/name`, whose messages are answered; messages of other apps get an error.
    ///   - audit: The log of all messages.
    ///   - observer: A closure that receives what is logged, for example to count it.
    ///   - notice: A closure that receives messages for people, for example that Flower is currently unreachable.
    public init(
        _ endpoint: FlowerEndpoint, app: String? = nil, audit: AuditLog? = nil,
        observer: @escaping @Sendable (AuditLog.Entry) -> Void = { _ in },
        notice: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.init(
            endpoint, app: app, over: nil, idle: .seconds(1), audit: audit, observer: observer, notice: notice)
    }

    /// Creates a process over a custom transport, for tests.
    package init(
        _ endpoint: FlowerEndpoint, app: String?, over transport: (any FlowerTransport)?, idle: Duration,
        audit: AuditLog? = nil, observer: @escaping @Sendable (AuditLog.Entry) -> Void = { _ in },
        notice: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        (self.endpoint, self.app, self.transport, self.idle) = (endpoint, app, transport, idle)
        (self.audit, self.observer, self.notice) = (audit, observer, notice)
    }

    /// Answers messages until the task is canceled.
    ///
    /// - Throws: `CancellationError`; `FlowerError` for permanent errors: an unsupported version, a wrong secret, or an
    ///   untrusted certificate.
    public func run(_ answer: @escaping @Sendable (FlowerRequest) async throws -> RecordDict) async throws {
        try await endpoint.withRuntime(over: transport) { runtime in
            var isReachable = true
            var next: Runtime.AcquiredTask?
            while true {
                try Task.checkCancellation()
                do {
                    var task = next.take()
                    if task == nil { task = try await acquire(runtime) }
                    if let task {
                        next = try await handle(task, runtime, answer)
                    } else {
                        try await Task.sleep(for: idle)
                    }
                    if !isReachable { notice("\(endpoint.address) answers again") }
                    isReachable = true
                } catch let error as FlowerError {
                    switch error {
                    case .untrusted, .unauthorized, .unsupportedVersion: throw error
                    case .unreachable:
                        // A SuperNode may be restarted, or start later.
                        if isReachable { notice("waiting: \(error)") }
                        isReachable = false
                    default: notice("\(error)")
                    }
                    try await Task.sleep(for: idle)
                }
            }
        }
    }

    private func acquire(_ runtime: Runtime) async throws -> Runtime.AcquiredTask? {
        try await runtime.acquireTask("flwr-clientapp")
    }

    /// Answers one message.
    ///
    /// - Returns: The next task, if it arrived instead of the message.
    private func handle(
        _ task: Runtime.AcquiredTask, _ root: Runtime,
        _ answer: @escaping @Sendable (FlowerRequest) async throws -> RecordDict
    ) async throws -> Runtime.AcquiredTask? {
        let runtime = task.runtime
        let input = try await runtime.pullTaskInput()
        let place = Runtime.Place(node: input.node, run: input.run)
        // Pulled directly after the input, since a task abandoned between the two blocks its SuperNode.
        let pulled: Runtime.Pulled
        switch try await pull(runtime, root, place) {
        case .message(let message?): pulled = message
        case .message(nil):
            try await runtime.pushTaskOutput(input, status: .failed, details: "there was no message")
            return nil
        case .overtaken(let next):
            notice("run \(input.run) ended while its message arrived")
            try await runtime.pushTaskOutput(input, status: .failed, details: "the message did not arrive")
            return next
        }
        var content: FlowerMessage.Content
        var entry = AuditLog.Entry(.received)
        (entry.type, entry.run) = (pulled.header.messageType, input.run)
        (entry.bytes, entry.sha256) = (pulled.bytes, pulled.header.messageID)
        do {
            let request = try request(pulled.message.get(), input)
            entry.round = request.content.config(RecordName.config)?.integer(RecordName.round) ?? 0
            try audit?.add(entry)
            observer(entry)
            content = .records(try await runtime.withHeartbeat { try await answer(request) })
        } catch let error as FlowerError where error.endsTask {
            throw error
        } catch {
            notice("\(PeerText.excerpt(of: pulled.header.messageType)): \(error)")
            content = .error(code: FlowerMessage.raised, reason: Self.publicReason(error))
        }
        let reply = try logged(content, replyingTo: pulled.header, entry)
        // Sent even if this task is canceled, since every message needs a reply.
        try await Task {
            _ = try await runtime.pushMessages([reply], from: place)
            try await runtime.pushTaskOutput(input, status: .completed)
        }.value
        return nil
    }

    /// Returns the reply to a message after it is in the audit log; if it cannot be logged, an error in its place.
    private func logged(
        _ content: FlowerMessage.Content, replyingTo header: Flwr_Proto_Metadata, _ received: AuditLog.Entry
    ) throws -> ObjectGraph {
        let graph = ObjectGraph(message: FlowerMessage(replyingTo: header, content))
        var entry = AuditLog.Entry(.sent)
        (entry.type, entry.run, entry.round) = (received.type, received.run, received.round)
        (entry.bytes, entry.sha256) = (graph.objects.values.reduce(0) { $0 + $1.count }, graph.root)
        if case .error(_, let reason) = content {
            entry = entry.refused(because: reason)
        }
        do {
            try audit?.add(entry)
            observer(entry)
        } catch {
            notice("\(error)")
            let content = FlowerMessage.Content.error(
                code: FlowerMessage.raised, reason: "the site cannot write its audit log")
            return ObjectGraph(message: FlowerMessage(replyingTo: header, content))
        }
        return graph
    }

    /// The outcome of waiting for a task's message.
    private enum Arrival: Sendable {
        /// The message of the task.
        case message(Runtime.Pulled?)
        /// The next task, which arrived first.
        case overtaken(Runtime.AcquiredTask)
    }

    /// Waits for the task's message, which may take long to arrive, or for the next task.
    ///
    /// A SuperNode handles one message at a time, so while one arrives there is no other task. It drops a message whose
    /// run ends before the message is complete; the task remains, and its objects never arrive. A reply to such a task,
    /// including the one that the SuperNode generates when the task expires, would be taken as the reply to the next
    /// message, and all later replies would be off by one message. Therefore the task is kept alive, and ended without
    /// a reply when another task shows that its message was dropped.
    private func pull(
        _ runtime: Runtime, _ root: Runtime, _ place: Runtime.Place
    ) async throws -> Arrival {
        try await runtime.withHeartbeat {
            try await withThrowingTaskGroup(of: Arrival.self) { group in
                defer { group.cancelAll() }
                group.addTask { .message(try await runtime.pullMessage(at: place)) }
                group.addTask {
                    while true {
                        try await Task.sleep(for: idle)
                        if let next = try await acquire(root) { return .overtaken(next) }
                    }
                }
                return try await group.next()!
            }
        }
    }

    /// Returns the description of a failure for the server.
    ///
    /// Other errors may name files and patients of the site, so their descriptions are not sent.
    private static func publicReason(_ error: any Error) -> String {
        switch error {
        case FlowerError.unwritable: "the site cannot write its audit log"
        case is SiteRefusal, is FlowerError, is Rejection, is NonFiniteLoss: PeerText.excerpt(of: "\(error)")
        case is CancellationError: "the site is shutting down"
        default: "the site failed; its own log says why"
        }
    }

    private func request(_ message: FlowerMessage, _ input: TaskInput) throws(FlowerError) -> FlowerRequest {
        if let app, app != input.app {
            throw .malformed(what: "a message of the app \(input.app)", reason: "this site takes part in \(app) only")
        }
        guard case .records(let content) = message.content else {
            throw .malformed(what: "a message", reason: "it has an error in place of records")
        }
        return FlowerRequest(
            type: message.metadata.type, content: content, run: input.run, node: input.node,
            nodeConfiguration: input.nodeConfiguration, runConfiguration: input.runConfiguration)
    }
}

/// An error with which a site declines a request, and whose text may be sent to the server.
public protocol SiteRefusal: Error, Sendable, CustomStringConvertible {}

/// A message from the server that a site has to answer.
public struct FlowerRequest: Sendable {
    /// The type of the message, such as `train`.
    public let type: String
    /// The content of the message.
    public let content: RecordDict
    /// The number of the run.
    public let run: UInt64
    /// The number of the node.
    public let node: UInt64
    /// The `--node-config` of the SuperNode.
    public let nodeConfiguration: [String: String]
    /// The configuration of the run.
    public let runConfiguration: [String: String]

    /// Creates a request, for example in a test.
    public init(
        type: String, content: RecordDict, run: UInt64 = 0, node: UInt64 = 0,
        nodeConfiguration: [String: String] = [:], runConfiguration: [String: String] = [:]
    ) {
        (self.type, self.content, self.run, self.node) = (type, content, run, node)
        (self.nodeConfiguration, self.runConfiguration) = (nodeConfiguration, runConfiguration)
    }
}

extension FlowerError {
    fileprivate var endsTask: Bool {
        if case .taskEnded = self { true } else { false }
    }
}

extension FlowerMessage {
    /// Flower's code for a ClientApp that raised an error.
    static let raised = 2

    /// Creates a reply to a message, which expires when the message would have.
    init(replyingTo header: Flwr_Proto_Metadata, _ content: Content, at now: Date = Date()) {
        let time = now.timeIntervalSince1970
        let age = max(0, time - header.createdAt)
        self.init(
            metadata: Metadata(
                runID: header.runID, source: header.dstNodeID, destination: header.srcNodeID,
                replyTo: header.messageID, groupID: header.groupID,
                timeToLive: header.ttl.isFinite && age.isFinite ? max(1, header.ttl - age) : 1,
                type: header.messageType, createdAt: time),
            content: content)
    }
}

extension FlowerEndpoint {
    /// Calls `body` with the Runtime API over HTTP, or over a transport for tests.
    func withRuntime<Result: Sendable>(
        over transport: (any FlowerTransport)?, retries: Runtime.Retries = .init(),
        _ body: (Runtime) async throws -> Result
    ) async throws -> Result {
        try await body(Runtime(self, over: transport ?? HTTPTransport(self), retries: retries))
    }
}
