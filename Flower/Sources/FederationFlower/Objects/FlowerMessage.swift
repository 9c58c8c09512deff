import Foundation

/// A message between the server and a client.
public struct FlowerMessage: Sendable, Equatable {
    /// The sender, the receiver, and the kind of a message.
    public struct Metadata: Sendable, Equatable {
        /// The run to which the message belongs.
        public var runID: UInt64
        /// The id of the message's object, which is known once the message is complete; empty until then.
        public var messageID: String
        /// The node that sends the message; 1 is the server.
        public var source: UInt64
        /// The node that receives the message; 1 is the server.
        public var destination: UInt64
        /// The id of the message to which this one replies; empty for a request.
        public var replyTo: String
        /// A group for the server's own bookkeeping, such as the round.
        public var groupID: String
        /// The time to live after creation, in seconds.
        public var timeToLive: Double
        /// The type of the message: `train`, `evaluate`, or `query`, optionally followed by a dot and a name.
        public var type: String
        /// The time of creation, in seconds since 1970.
        public var createdAt: Double

        /// Creates the metadata of a request or, with `replyTo`, of a reply.
        public init(
            runID: UInt64, messageID: String = "", source: UInt64, destination: UInt64, replyTo: String = "",
            groupID: String = "", timeToLive: Double, type: String, createdAt: Double
        ) {
            (self.runID, self.messageID, self.source, self.destination) = (runID, messageID, source, destination)
            (self.replyTo, self.groupID, self.timeToLive) = (replyTo, groupID, timeToLive)
            (self.type, self.createdAt) = (type, createdAt)
        }
    }

    /// The content of a message: records, or an error.
    public enum Content: Sendable, Equatable {
        case records(RecordDict)
        /// An error with one of Flower's codes.
        ///
        /// The codes are 2 for an error raised by the client, 3 for an unavailable message, 5 for an unavailable node,
        /// and 8 for a client that ended.
        case error(code: Int, reason: String)
    }

    /// The sender, the receiver, and the kind of the message.
    public var metadata: Metadata
    /// The records, or an error.
    public var content: Content

    /// Creates a message from its parts.
    public init(metadata: Metadata, content: Content) {
        (self.metadata, self.content) = (metadata, content)
    }
}

/// The two encodings in Protocol Buffers: in a list of messages, and as the body of the message's object.
extension FlowerMessage {
    /// The message as it appears in a list of messages: with empty records, whose content is sent as objects.
    package var wire: Flwr_Proto_Message {
        var message = Flwr_Proto_Message()
        message.metadata = metadata.wire
        switch content {
        case .records: message.content = Flwr_Proto_RecordDict()
        case .error(let code, let reason):
            message.error.code = Int64(code)
            message.error.reason = reason
        }
        return message
    }

    /// The body of the message's object, without its id, which is that of the object, and without its records.
    var body: Data {
        var message = wire
        message.metadata.messageID = ""
        message.clearContent()
        return message.body
    }

    /// Decodes a pulled message.
    ///
    /// An error is complete without objects.
    ///
    /// - Parameters:
    ///   - wire: The message in the list of messages.
    ///   - tree: The ids of its objects.
    ///   - objects: The encoded objects by id.
    ///   - maximumBytes: The maximum total size of its arrays, in bytes.
    /// - Throws: `FlowerError.malformed` if message, tree, and objects do not match, or if an object is missing or
    ///   invalid.
    package init(
        wire: Flwr_Proto_Message, tree: Flwr_Proto_ObjectTree, objects: [String: Data],
        maximumBytes: Int = ObjectGraph.maximumBytes
    ) throws(FlowerError) {
        let id = wire.metadata.messageID
        guard tree.objectID == id else {
            throw .malformed(
                what: "message \(JSONText.quoted(id))",
                reason: "its objects are those of \(JSONText.quoted(tree.objectID))")
        }
        if wire.hasError, objects[id] == nil {
            self.init(
                metadata: try Metadata(wire.metadata, id: id),
                content: .error(code: Int(wire.error.code), reason: wire.error.reason))
        } else {
            self.init(try ObjectReader(objects: objects, maximumBytes: maximumBytes).message(id))
        }
    }

    private init(_ message: FlowerMessage) { self = message }
}

extension FlowerMessage.Metadata {
    var wire: Flwr_Proto_Metadata {
        var metadata = Flwr_Proto_Metadata()
        metadata.runID = runID
        metadata.messageID = messageID
        metadata.srcNodeID = source
        metadata.dstNodeID = destination
        metadata.replyToMessageID = replyTo
        metadata.groupID = groupID
        metadata.ttl = timeToLive
        metadata.messageType = type
        metadata.createdAt = createdAt
        return metadata
    }

    init(_ wire: Flwr_Proto_Metadata, id: String) throws(FlowerError) {
        guard wire.ttl.isFinite, wire.createdAt.isFinite else {
            throw .malformed(what: FlowerObject.name(id), reason: "its times are not finite")
        }
        self.init(
            runID: wire.runID, messageID: id, source: wire.srcNodeID, destination: wire.dstNodeID,
            replyTo: wire.replyToMessageID, groupID: wire.groupID, timeToLive: wire.ttl, type: wire.messageType,
            createdAt: wire.createdAt)
    }
}
