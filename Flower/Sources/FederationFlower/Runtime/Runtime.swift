import Federation
import Foundation
import SwiftProtobuf

/// A client of Flower's Runtime API, which acquires tasks and makes requests for a task with its token.
package struct Runtime: Sendable {
    /// The repetition of requests without an answer: attempts, intervals, and timeout.
    package struct Retries: Sendable {
        /// The number of attempts, including the first.
        package var attempts = 6
        /// The delay before the second attempt, which doubles with each further attempt.
        package var firstWait = Duration.milliseconds(500)
        /// The timeout of one attempt.
        package var timeout = Duration.seconds(60)

        package init() {}
    }

    private let transport: any FlowerTransport
    private let signature: SuperExecSignature?
    private let address: String
    package let retries: Retries
    /// The token that authenticates the requests of a task.
    private(set) var token: String?

    package init(
        _ endpoint: FlowerEndpoint, over transport: any FlowerTransport, retries: Retries = Retries()
    ) {
        self.transport = transport
        self.retries = retries
        address = endpoint.address
        signature = endpoint.secret.map(SuperExecSignature.init)
    }

    /// A task that is assigned to this process.
    package struct AcquiredTask: Sendable {
        package let number: UInt64
        package let run: UInt64
        /// The Runtime API with the task's token.
        package let runtime: Runtime
    }

    /// Acquires a task of the given type, `flwr-clientapp` or `flwr-serverapp`; `nil` if there is none at the moment.
    package func acquireTask(_ type: String) async throws -> AcquiredTask? {
        let response: Flwr_Proto_AcquireTaskResponse = try await call(
            .acquireTask, Flwr_Proto_AcquireTaskRequest.with { $0.supportedTaskTypes = [type] })
        guard response.hasTask, !response.token.isEmpty else { return nil }
        var runtime = self
        runtime.token = response.token
        return AcquiredTask(number: response.task.taskID, run: response.task.runID, runtime: runtime)
    }

    /// Posts a request and decodes the answer.
    ///
    /// - Throws: `FlowerError`; `CancellationError`.
    func call<Request: Message & Sendable, Response: Message & Sendable>(
        _ route: Route, _ request: Request
    ) async throws -> Response {
        let body: Data
        do { body = try request.serializedBytes() } catch {
            throw FlowerError.malformed(what: "the request \(route.rawValue)", reason: "\(error)")
        }
        let answer = try await persist(route, body: body)
        do { return try Response(serializedBytes: answer) } catch {
            // In the content of messages, the bytes are those of a peer.
            if route == .pullMessages || route == .pullObject {
                throw FlowerError.malformed(what: "a message", reason: "\(route.rawValue) with unknown bytes")
            }
            throw FlowerError.unsupportedVersion(address: address, reason: "\(route.rawValue) with unknown bytes")
        }
    }

    /// Posts until an answer arrives or the retries are exhausted.
    private func persist(_ route: Route, body: Data) async throws -> Data {
        var wait = retries.firstWait
        var attempt = 1
        while true {
            do {
                let (status, answer) = try await transport.post(
                    route.path, headers: headers(route, body), body: body, timeout: retries.timeout)
                if (200..<300).contains(status) { return answer }
                throw failure(route, status, answer)
            } catch let error as FlowerError where error.mayPass && attempt < retries.attempts {
                attempt += 1
                try await Task.sleep(for: wait)
                wait = wait * 2
            }
        }
    }

    private func headers(_ route: Route, _ body: Data) -> [(name: String, value: String)] {
        var headers = [(name: "content-type", value: "application/protobuf"), ("accept", "application/protobuf")]
        if let token { headers.append(("flwr-task-token", token)) }
        if route == .acquireTask, let signature {
            // A nonce is valid once, so every attempt needs a new one.
            headers += signature.headers(
                method: Route.signedMethod, body: body, time: Int(Date().timeIntervalSince1970),
                nonce: SuperExecSignature.nonce())
        }
        return headers
    }

    private func failure(_ route: Route, _ status: Int, _ answer: Data) -> FlowerError {
        struct Detail: Decodable { let detail: String? }
        let detail = (try? JSONDecoder().decode(Detail.self, from: answer))?.detail
        let reason = PeerText.excerpt(of: detail ?? String(decoding: answer.prefix(200), as: UTF8.self))
        switch status {
        case 401, 403:
            return route == .acquireTask
                ? .unauthorized(address: address, reason: reason) : .taskEnded(reason: reason)
        case 404, 405, 412:
            return .unsupportedVersion(address: address, reason: "\(route.rawValue) with status \(status): \(reason)")
        default: return .refused(route: route.rawValue, status: status, reason: reason)
        }
    }
}

extension FlowerError {
    /// Whether the same request may succeed a little later.
    var mayPass: Bool {
        switch self {
        case .unreachable: true
        case .refused(_, let status, _): status == 429 || status >= 502
        default: false
        }
    }
}

/// The routes of Flower's Runtime API, versions 1.39 to 1.42; everything that depends on the version of Flower is here.
enum Route: String {
    case acquireTask = "acquire-task"
    case pullTaskInput = "pull-task-input"
    case sendTaskHeartbeat = "send-task-heartbeat"
    case pullMessages = "pull-messages"
    case pullObject = "pull-object"
    case confirmMessageReceived = "confirm-message-received"
    case pushMessages = "push-messages"
    case pushObject = "push-object"
    case getNodes = "get-nodes"
    case pushTaskOutput = "push-task-output"

    var path: String { "/v1/runtime/" + rawValue }

    /// The name of the route in the signature of a request.
    static let signedMethod = "/flwr.proto.Runtime/AcquireTask"
}
