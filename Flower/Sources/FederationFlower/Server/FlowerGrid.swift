import Federation
import Foundation
import Synchronization

/// The nodes of a run, seen from the server, which sends requests and awaits the reply to each.
///
/// Requests that are made at about the same time are sent together, so that Flower stores their common content, such as
/// the global model, once.
public final class FlowerGrid: Sendable {
    private let runtime: Runtime
    private let place: Runtime.Place
    private let interval: Duration
    private let state = Mutex(State())

    private struct Question {
        let number: Int
        let message: FlowerMessage
        let maximumBytes: Int
        let deadline: ContinuousClock.Instant
        let seconds: Double
        let continuation: CheckedContinuation<RecordDict, any Error>

        var node: UInt64 { message.metadata.destination }

        /// The error for a reply that did not arrive by the deadline.
        var lateness: FlowerError {
            .timeout(what: "the reply of node \(node) to '\(message.metadata.type)'", seconds: seconds)
        }
    }

    private struct State {
        var next = 0
        /// The requests that are not yet sent, by their own number.
        var unsent: [Int: Question] = [:]
        /// The requests that await a reply, by the id that Flower assigned to them.
        var open: [String: Question] = [:]
        /// The requests whose reply is arriving, by their own number.
        var arriving: [Int: Question] = [:]
        /// The error that ended the connection while a reply arrived.
        var failure: (any Error)?

        mutating func remove(_ number: Int) -> Question? {
            if let question = unsent.removeValue(forKey: number) { return question }
            if let question = arriving.removeValue(forKey: number) { return question }
            return open.first { $0.value.number == number }.flatMap { open.removeValue(forKey: $0.key) }
        }
    }

    init(runtime: Runtime, run: UInt64, interval: Duration) {
        (self.runtime, self.interval) = (runtime, interval)
        place = .server(run: run)
    }

    /// Returns the nodes that are currently connected.
    public func nodes() async throws -> [UInt64] { try await runtime.nodes().sorted() }

    /// Sends a message to a node and returns its reply.
    ///
    /// - Parameters:
    ///   - node: The node.
    ///   - type: The type of the message.
    ///   - content: The content of the message.
    ///   - maximumBytes: The maximum size of the reply.
    ///   - timeout: The time until the whole reply has to be here.
    /// - Throws: `FlowerError.site` if the node, or its SuperNode on its behalf, replies with an error; `.timeout`;
    ///   `CancellationError`. If the connection to Flower ends, `work()` throws instead, and its caller cancels all
    ///   pending requests.
    public func ask(
        _ node: UInt64, _ type: String, _ content: RecordDict, maximumBytes: Int = 64 << 20, timeout: Duration
    ) async throws -> RecordDict {
        let message = FlowerMessage(
            metadata: FlowerMessage.Metadata(
                runID: place.run, messageID: "", source: place.node, destination: node, replyTo: "", groupID: "",
                timeToLive: timeout.seconds + 60, type: type, createdAt: Date().timeIntervalSince1970),
            content: .records(content))
        let number = state.withLock { state in
            state.next += 1
            return state.next
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let question = Question(
                    number: number, message: message, maximumBytes: maximumBytes, deadline: .now + timeout,
                    seconds: timeout.seconds, continuation: continuation)
                let isCancelled = state.withLock { state in
                    if Task.isCancelled { return true }
                    state.unsent[number] = question
                    return false
                }
                if isCancelled { continuation.resume(throwing: CancellationError()) }
            }
        } onCancel: {
            let question = state.withLock { $0.remove(number) }
            question?.continuation.resume(throwing: CancellationError())
        }
    }

    /// Sends requests and receives replies until it is canceled or the connection ends.
    ///
    /// Every reply arrives in a task of its own, so that a node that sends slowly, or something else than a reply, delays
    /// nobody but itself.
    func work() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            var polling = Polling(shortest: interval)
            while true {
                try Task.checkCancellation()
                let hasSent = try await send()
                let arrivals = try await arrivals()
                for (question, arrival) in arrivals {
                    group.addTask { await self.receive(arrival, for: question) }
                }
                expire()
                if let failure = state.withLock({ $0.failure }) { throw failure }
                try await Task.sleep(for: polling.wait(after: hasSent || !arrivals.isEmpty))
            }
        }
    }

    /// Sends the requests that are not yet sent, and returns whether there were any.
    private func send() async throws -> Bool {
        let questions = state.withLock { state in state.unsent.sorted { $0.key < $1.key } }
        guard !questions.isEmpty else { return false }
        let ids = try await runtime.pushMessages(questions.map { ObjectGraph(message: $0.value.message) }, from: place)
        let refused = state.withLock { state -> [Question] in
            var refused: [Question] = []
            for (index, (number, _)) in questions.enumerated() {
                // Requests that were canceled in the meantime have been removed.
                guard let question = state.unsent.removeValue(forKey: number) else { continue }
                if index < ids.count, !ids[index].isEmpty {
                    state.open[ids[index]] = question
                } else {
                    refused.append(question)
                }
            }
            return refused
        }
        for question in refused {
            question.continuation.resume(
                throwing: FlowerError.site(
                    name: "node \(question.node)", code: 0,
                    reason: "Flower took no message for it"))
        }
        return true
    }

    /// Returns the replies that Flower has, not yet their content.
    ///
    /// Each request is asked for alone, since a list with a reply that cannot be read has no other replies either.
    private func arrivals() async throws -> [(Question, Runtime.Arrival)] {
        var arrivals: [(Question, Runtime.Arrival)] = []
        for id in state.withLock({ $0.open.keys.sorted() }) {
            do {
                for arrival in try await runtime.pullHeaders(repliesTo: [id])
                where arrival.header.replyToMessageID == id {
                    let question = state.withLock { state in
                        let question = state.open.removeValue(forKey: id)
                        if let question { state.arriving[question.number] = question }
                        return question
                    }
                    if let question { arrivals.append((question, arrival)) }
                }
            } catch let error as FlowerError where error.isAboutOneMessage {
                state.withLock { $0.open.removeValue(forKey: id) }?.continuation.resume(throwing: error)
            }
        }
        return arrivals
    }

    /// Receives the content of a reply, until the deadline of its request.
    private func receive(_ arrival: Runtime.Arrival, for question: Question) async {
        let result: Result<RecordDict, any Error>
        do {
            let message = try await withDeadline(question.deadline) { [runtime, place] in
                try await runtime.complete(
                    arrival, at: place, attempts: .max, maximumBytes: question.maximumBytes
                ).message
            }
            guard let message else { throw question.lateness }
            guard arrival.header.srcNodeID == question.node else {
                throw FlowerError.malformed(what: "a reply", reason: "it comes from node \(arrival.header.srcNodeID)")
            }
            switch message.content {
            case .records(let records): result = .success(records)
            case .error(let code, let reason):
                throw FlowerError.site(
                    name: "node \(question.node)", code: code, reason: PeerText.excerpt(of: reason))
            }
        } catch {
            if !((error as? FlowerError)?.isAboutOneMessage ?? (error is CancellationError)) {
                state.withLock { $0.failure = $0.failure ?? error }
            }
            result = .failure(error)
        }
        state.withLock { $0.arriving.removeValue(forKey: question.number) }?.continuation.resume(with: result)
    }

    /// Fails the requests that missed their deadline; a later reply is never pulled.
    private func expire() {
        let late = state.withLock { state in
            let late = state.open.filter { $0.value.deadline < .now }
            for id in late.keys { state.open[id] = nil }
            return Array(late.values)
        }
        for question in late { question.continuation.resume(throwing: question.lateness) }
    }
}

/// Returns the result of some work, or `nil` if it is not done by a deadline, when it is canceled.
private func withDeadline<Result: Sendable>(
    _ deadline: ContinuousClock.Instant, _ work: @escaping @Sendable () async throws -> Result
) async throws -> Result? {
    try await withThrowingTaskGroup(of: Result?.self) { group in
        defer { group.cancelAll() }
        group.addTask { try await work() }
        group.addTask {
            try await Task.sleep(until: deadline, clock: .continuous)
            return nil
        }
        return try await group.next()!
    }
}
