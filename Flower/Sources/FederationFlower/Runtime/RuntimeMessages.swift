import Foundation

extension Runtime {
    /// The identity of a process in a run, in requests about objects.
    package struct Place: Sendable {
        let node: UInt64
        let run: UInt64

        /// A client's place, that of its SuperNode.
        package init(node: UInt64, run: UInt64) { (self.node, self.run) = (node, run) }

        /// The server's place: the SuperLink is node 1.
        package static func server(run: UInt64) -> Place { Place(node: 1, run: run) }

        var wire: Flwr_Proto_Node { .with { $0.nodeID = node } }
    }

    /// A message that was pulled: what it says of itself, and if its objects are sound, the message.
    package struct Pulled: Sendable {
        package let header: Flwr_Proto_Metadata
        package let message: Result<FlowerMessage, FlowerError>
    }

    /// Messages that wait here: all for a client, the replies to some messages for the server. Their objects are pulled,
    /// compared with their hashes, and confirmed. A message that is not sound does not touch the others.
    ///
    /// - Parameter attempts: how often an object is asked for that its sender has not sent yet, every half second.
    package func pullMessages(
        repliesTo ids: [String] = [], at place: Place, attempts: Int = 240
    ) async throws -> [Pulled] {
        let response: Flwr_Proto_PullMessagesResponse = try await call(
            .pullMessages, Flwr_Proto_PullMessagesRequest.with { $0.messageIds = ids })
        let trees = Dictionary(
            response.messageObjectTrees.map { ($0.objectID, $0) }, uniquingKeysWith: { first, _ in first })
        var messages: [Pulled] = []
        for wire in response.messagesList {
            let message: Result<FlowerMessage, FlowerError>
            do {
                message = .success(try await complete(wire, trees[wire.metadata.messageID], at: place, attempts))
            } catch let
                error as FlowerError where error.isAboutOneMessage
            { message = .failure(error) }
            messages.append(Pulled(header: wire.metadata, message: message))
        }
        return messages
    }

    private func complete(
        _ wire: Flwr_Proto_Message, _ tree: Flwr_Proto_ObjectTree?, at place: Place, _ attempts: Int
    ) async throws -> FlowerMessage {
        guard let tree else {
            // An error of the SuperLink's own has no objects.
            let none = Flwr_Proto_ObjectTree.with { $0.objectID = wire.metadata.messageID }
            return try FlowerMessage(wire: wire, tree: none, objects: [:])
        }
        let objects = try await pullObjects(of: tree, at: place, attempts)
        let _: Flwr_Proto_ConfirmMessageReceivedResponse = try await call(
            .confirmMessageReceived,
            Flwr_Proto_ConfirmMessageReceivedRequest.with {
                $0.node = place.wire
                $0.runID = place.run
                $0.messageObjectID = wire.metadata.messageID
            })
        return try FlowerMessage(wire: wire, tree: tree, objects: objects)
    }

    /// Sends messages with their objects, each object once; returns their numbers, an empty one where Flower took none.
    package func pushMessages(_ messages: [FlowerMessage], from place: Place) async throws -> [String] {
        let graphs = messages.map { ObjectGraph(message: $0) }
        let request = Flwr_Proto_PushMessagesRequest.with {
            $0.messagesList = graphs.map(\.wire)
            $0.messageObjectTrees = graphs.map(\.tree)
        }
        let response: Flwr_Proto_PushMessagesResponse = try await call(.pushMessages, request)
        var objects: [String: Data] = [:]
        for graph in graphs { objects.merge(graph.objects) { first, _ in first } }
        for id in response.objectsToPush {
            guard let content = objects[id] else {
                throw FlowerError.malformed(what: "the list of objects to push", reason: "\(id) is none of them")
            }
            let _: Flwr_Proto_PushObjectResponse = try await call(
                .pushObject,
                Flwr_Proto_PushObjectRequest.with {
                    $0.node = place.wire
                    $0.runID = place.run
                    $0.objectID = id
                    $0.objectContent = content
                    $0.sessionID = response.sessionID
                })
        }
        return response.messageIds
    }

    /// The nodes that are there.
    package func nodes() async throws -> [UInt64] {
        let response: Flwr_Proto_GetNodesResponse = try await call(.getNodes, Flwr_Proto_GetNodesRequest())
        return response.nodes.map(\.nodeID)
    }

    /// The most that one message may bring.
    private static let mostObjects = 100_000, mostBytes = 2 << 30

    private func pullObjects(
        of tree: Flwr_Proto_ObjectTree, at place: Place, _ attempts: Int
    ) async throws -> [String: Data] {
        var (objects, bytes) = ([String: Data](), 0)
        let ids = try tree.identifiers()
        guard ids.count <= Self.mostObjects else {
            throw FlowerError.malformed(what: "a message", reason: "it has more than \(Self.mostObjects) objects")
        }
        for id in ids {
            let content = try await pullObject(id, at: place, attempts)
            bytes += content.count
            guard bytes <= Self.mostBytes else {
                throw FlowerError.malformed(what: "a message", reason: "it has more than \(Self.mostBytes) bytes")
            }
            objects[id] = content
        }
        return objects
    }

    private func pullObject(_ id: String, at place: Place, _ attempts: Int) async throws -> Data {
        let request = Flwr_Proto_PullObjectRequest.with {
            $0.node = place.wire
            $0.runID = place.run
            $0.objectID = id
        }
        for _ in 0..<attempts {
            let response: Flwr_Proto_PullObjectResponse = try await call(.pullObject, request)
            guard response.objectFound else {
                throw FlowerError.malformed(what: "a message", reason: "its object \(id) is not there")
            }
            if response.objectAvailable { return response.objectContent }
            // Its sender is not through yet.
            try await Task.sleep(for: .milliseconds(500))
        }
        throw FlowerError.timeout(what: "the object \(id)", seconds: Double(attempts) / 2)
    }
}

extension FlowerError {
    fileprivate var isAboutOneMessage: Bool {
        switch self {
        case .malformed, .timeout: true
        default: false
        }
    }
}
