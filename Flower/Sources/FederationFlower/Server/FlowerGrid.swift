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
        let deadline: ContinuousClock.Instant
        let seconds: Double
        let continuation: CheckedContinuation<RecordDict, any Error>
    }

    private struct State {
        var next = 0
        /// The requests that are not yet sent, by their own number.
        var unsent: [Int: Question] = [:]
        /// The requests that await a reply, by the id that Flower assigned to them.
        var open: [String: Question] = [:]

        mutating func remove(_ number: Int) -> Question? {
            if let question = unsent.removeValue(forKey: number) { return question }
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
    /// - Throws: `FlowerError.site` if the node, or its SuperNode on its behalf, replies with an error; `.timeout`;
    ///   `CancellationError`. If the connection to Flower ends, `work()` throws instead, and its caller cancels all
    ///   pending requests.
    public func ask(
        _ node: UInt64, _ type: String, _ content: RecordDict, timeout: Duration
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
                    number: number, message: message, deadline: .now + timeout, seconds: timeout.seconds,
                    continuation: continuation)
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
    func work() async throws {
        while true {
            try Task.checkCancellation()
            try await send()
            try await receive()
            expire()
            try await Task.sleep(for: interval)
        }
    }

    private func send() async throws {
        let questions = state.withLock { state in state.unsent.sorted { $0.key < $1.key } }
        guard !questions.isEmpty else { return }
        let ids = try await runtime.pushMessages(questions.map(\.value.message), from: place)
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
                    name: "node \(question.message.metadata.destination)", code: 0,
                    reason: "Flower took no message for it"))
        }
    }

    private func receive() async throws {
        let open = state.withLock { Array($0.open.keys) }
        guard !open.isEmpty else { return }
        for pulled in try await runtime.pullMessages(repliesTo: open, at: place) {
            let id = pulled.header.replyToMessageID
            guard let question = state.withLock({ $0.open.removeValue(forKey: id) }) else { continue }
            switch pulled.message.map(\.content) {
            case .success(.records(let records)): question.continuation.resume(returning: records)
            case .success(.error(let code, let reason)):
                question.continuation.resume(
                    throwing: FlowerError.site(
                        name: "node \(question.message.metadata.destination)", code: code,
                        reason: String(reason.prefix(300))))
            case .failure(let error): question.continuation.resume(throwing: error)
            }
        }
    }

    /// Fails the requests that missed their deadline; a later reply is never pulled.
    private func expire() {
        let late = state.withLock { state in
            let late = state.open.filter { $0.value.deadline < .now }
            for id in late.keys { state.open[id] = nil }
            return Array(late.values)
        }
        for question in late {
            question.continuation.resume(
                throwing: FlowerError.timeout(
                    what:
                        "the reply of node \(question.message.metadata.destination) to '\(question.message.metadata.type)'",
                    seconds: question.seconds))
        }
    }
}
