#if Flower
import Foundation

/// The two forms in Protocol Buffers: in a list of messages, and as the body of the message's object.
extension FlowerMessage {
    /// The message in a list of messages: there its records, which travel as objects, are present and empty.
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

    /// The body of the message's object: without its id, which is that of the object, and without its records.
    var body: Data {
        var message = wire
        message.metadata.messageID = ""
        message.clearContent()
        return message.body
    }

    /// A message that was pulled.
    ///
    /// An error is complete without objects.
    ///
    /// - Parameters:
    ///   - wire: The message in the list of messages.
    ///   - tree: The ids of its objects.
    ///   - objects: The encoded objects by id.
    ///   - maximumBytes: The most bytes that its arrays may have together.
    /// - Throws: `FlowerError.malformed` if the three do not belong together, or an object is missing or not what it
    ///   should be.
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
#endif
