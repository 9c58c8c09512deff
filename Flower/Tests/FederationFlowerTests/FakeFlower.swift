import Foundation
import SwiftProtobuf

@testable import FederationFlower

/// A SuperLink and its SuperNodes in memory, for one run: the routes of the Runtime API as Flower answers them.
actor FakeFlower {
    /// Who asks.
    enum Peer: Hashable, Sendable {
        case server
        case node(UInt64)
    }

    static let run: UInt64 = 7
    let nodes: [UInt64]
    private let app: String
    private var inbox: [UInt64: [(Flwr_Proto_Message, Flwr_Proto_ObjectTree)]] = [:]
    private var replies: [(Flwr_Proto_Message, Flwr_Proto_ObjectTree)] = []
    private var hasServer = false
    private var answering: Set<UInt64> = []
    private var isStopped = false
    private var failures: [String: [(status: Int, body: String)]] = [:]
    private(set) var objects: [String: Data] = [:]
    /// Objects of messages that were pushed, there or on their way.
    private var announced: Set<String> = []
    /// The objects that were asked for by each peer, in order.
    private(set) var pulled: [Peer: [String]] = [:]
    /// Every request by its route, in order.
    private(set) var requests: [(peer: Peer, route: String, headers: [String: String])] = []
    /// How the server's task ended.
    private(set) var outcome: (status: String, details: String)?

    init(nodes: [UInt64], app: String = "publisher/app") { (self.nodes, self.app) = (nodes, app) }

    /// The next requests to a route get these answers.
    func fail(_ route: String, _ answers: [(status: Int, body: String)]) { failures[route, default: []] += answers }

    /// What `flwr stop` does: every token is worth nothing.
    func stop() { isStopped = true }

    /// Puts other bytes in place of every object of a type that is pushed from now on.
    func damage(_ type: String) { damaged = type }
    private var damaged: String?

    /// Objects that a node pushes from now on never arrive, though they are announced.
    func withhold(_ node: UInt64) { withholding.insert(node) }
    private var withholding: Set<UInt64> = []

    /// The replies of a node to a kind of message become something else.
    func rewrite(
        _ node: UInt64, _ type: String,
        _ change:
            @escaping @Sendable (Flwr_Proto_Message, Flwr_Proto_ObjectTree) -> (
                Flwr_Proto_Message, Flwr_Proto_ObjectTree
            )
    ) { changes["\(node) \(type)"] = change }
    private var changes:
        [String: @Sendable (Flwr_Proto_Message, Flwr_Proto_ObjectTree) -> (Flwr_Proto_Message, Flwr_Proto_ObjectTree)] =
            [:]

    /// Every reply is offered several times, the last ones first.
    func repeatReplies() { isRepeating = true }
    private var isRepeating = false

    /// What a SuperNode does when a run ends while it fetches a message: the next one that a node gets has no content, not
    /// even later, and the node is offered the task of another.
    func forgetNextMessage() { isForgetful = true }
    private var isForgetful = false
    private var forgotten: Set<String> = []

    nonisolated func transport(for peer: Peer) -> Transport { Transport(flower: self, peer: peer) }

    struct Transport: FlowerTransport {
        let flower: FakeFlower
        let peer: Peer

        func post(
            _ path: String, headers: [(name: String, value: String)], body: Data, timeout: Duration
        ) async throws -> (status: Int, body: Data) {
            try Task.checkCancellation()
            return try await flower.answer(path, headers, body, from: peer)
        }
    }

    private func answer(
        _ path: String, _ headers: [(name: String, value: String)], _ body: Data, from peer: Peer
    ) throws -> (status: Int, body: Data) {
        let route = path.replacingOccurrences(of: "/v1/runtime/", with: "")
        requests.append((peer, route, Dictionary(headers.map { ($0.name, $0.value) }) { $1 }))
        if let failure = failures[route]?.first {
            failures[route]!.removeFirst()
            return (failure.status, Data(failure.body.utf8))
        }
        if isStopped, route != "acquire-task" { return (401, Data(#"{"code":1008,"detail":"stopped"}"#.utf8)) }
        return (200, try reply(to: route, body, from: peer).serializedBytes())
    }

    private func reply(to route: String, _ body: Data, from peer: Peer) throws -> any Message {
        switch route {
        case "acquire-task": return acquire(peer)
        case "pull-task-input":
            return Flwr_Proto_PullTaskInputResponse.with {
                $0.context.runID = Self.run
                if case .node(let node) = peer {
                    $0.context.nodeID = node
                    $0.context.nodeConfig = ["partition-id": .with { $0.sint64 = Int64(node) - 1 }]
                }
                $0.run.runID = Self.run
                $0.run.fabID = app
            }
        case "send-task-heartbeat": return Flwr_Proto_SendTaskHeartbeatResponse.with { $0.success = true }
        case "pull-messages":
            return pull(Set(try Flwr_Proto_PullMessagesRequest(serializedBytes: body).messageIds), peer)
        case "pull-object":
            let id = try Flwr_Proto_PullObjectRequest(serializedBytes: body).objectID
            let content = objects[id]
            pulled[peer, default: []].append(id)
            return Flwr_Proto_PullObjectResponse.with {
                $0.objectFound = announced.contains(id)
                $0.objectAvailable = content != nil && !forgotten.contains(id)
                $0.objectContent = content ?? Data()
            }
        case "confirm-message-received": return Flwr_Proto_ConfirmMessageReceivedResponse()
        case "push-messages": return push(try Flwr_Proto_PushMessagesRequest(serializedBytes: body), peer)
        case "push-object":
            let request = try Flwr_Proto_PushObjectRequest(serializedBytes: body)
            let isWhole = SHA256.hash(request.objectContent).hexadecimal == request.objectID
            if isWhole, case .node(let node) = peer, withholding.contains(node) {
                return Flwr_Proto_PushObjectResponse.with { $0.stored = true }
            }
            if isWhole {
                objects[request.objectID] = request.objectContent
                if let damaged, request.objectContent.starts(with: Data(damaged.utf8)) {
                    objects[request.objectID]![request.objectContent.count - 1] ^= 1
                }
            }
            return Flwr_Proto_PushObjectResponse.with { $0.stored = isWhole }
        case "get-nodes":
            return Flwr_Proto_GetNodesResponse.with { response in
                response.nodes = nodes.map { node in .with { $0.nodeID = node } }
            }
        case "push-task-output":
            let request = try Flwr_Proto_PushTaskOutputRequest(serializedBytes: body)
            if case .node(let node) = peer {
                answering.remove(node)
            } else {
                outcome = (request.subStatus, request.details)
            }
            return Flwr_Proto_PushTaskOutputResponse()
        default: preconditionFailure("no route \(route)")
        }
    }

    private func acquire(_ peer: Peer) -> Flwr_Proto_AcquireTaskResponse {
        switch peer {
        case .server where !hasServer: hasServer = true
        case .node(let node) where inbox[node]?.isEmpty == false && !answering.contains(node): answering.insert(node)
        default: return Flwr_Proto_AcquireTaskResponse()
        }
        return .with {
            $0.task.taskID = 1
            $0.task.runID = Self.run
            $0.token = "token of \(peer)"
        }
    }

    private func pull(_ ids: Set<String>, _ peer: Peer) -> Flwr_Proto_PullMessagesResponse {
        .with { response in
            func add(_ message: Flwr_Proto_Message, _ tree: Flwr_Proto_ObjectTree) {
                response.messagesList.append(message)
                response.messageObjectTrees.append(tree)
            }
            if case .node(let node) = peer {
                if let (message, tree) = inbox[node]?.first {
                    inbox[node]!.removeFirst()
                    add(message, tree)
                    if isForgetful {
                        isForgetful = false
                        forgotten.insert(message.metadata.messageID)
                        answering.remove(node)
                    }
                }
            } else {
                for (message, tree) in isRepeating ? replies.reversed() : replies
                where ids.contains(message.metadata.replyToMessageID) {
                    add(message, tree)
                    if isRepeating { add(message, tree) }
                }
                if !isRepeating { replies.removeAll { ids.contains($0.0.metadata.replyToMessageID) } }
            }
        }
    }

    private func push(_ request: Flwr_Proto_PushMessagesRequest, _ peer: Peer) -> Flwr_Proto_PushMessagesResponse {
        .with { response in
            for (message, tree) in zip(request.messagesList, request.messageObjectTrees) {
                // What cost Flower a 500.
                precondition(message.hasContent != message.hasError)
                if peer == .server {
                    inbox[message.metadata.dstNodeID, default: []].append((message, tree))
                } else if let change = changes["\(message.metadata.srcNodeID) \(message.metadata.messageType)"] {
                    replies.append(change(message, tree))
                } else {
                    replies.append((message, tree))
                }
                response.messageIds.append(message.metadata.messageID)
                let missing = (try? tree.identifiers()) ?? []
                announced.formUnion(missing)
                for id in missing where objects[id] == nil && !response.objectsToPush.contains(id) {
                    response.objectsToPush.append(id)
                }
            }
            response.sessionID = "session"
        }
    }
}
