#if Flower
/// What the server and a client send each other.
public struct FlowerMessage: Sendable, Equatable {
    /// Who sends what to whom.
    public struct Metadata: Sendable, Equatable {
        /// The run that the message belongs to.
        public var runID: UInt64
        /// The id of the message's object, which is known once the message is complete; empty before.
        public var messageID: String
        /// The node that sends; 1 is the server.
        public var source: UInt64
        /// The node that receives; 1 is the server.
        public var destination: UInt64
        /// The message that this one answers; empty for a question.
        public var replyTo: String
        /// What the server counts by, the round for instance.
        public var groupID: String
        /// How long the message is worth delivering after its creation, in seconds.
        public var timeToLive: Double
        /// `train`, `evaluate` or `query`, or one of them with a dot and a name.
        public var type: String
        /// When it was made, in seconds since 1970.
        public var createdAt: Double

        /// Metadata of a question, or with `replyTo` of an answer.
        public init(
            runID: UInt64, messageID: String = "", source: UInt64, destination: UInt64, replyTo: String = "",
            groupID: String = "", timeToLive: Double, type: String, createdAt: Double
        ) {
            (self.runID, self.messageID, self.source, self.destination) = (runID, messageID, source, destination)
            (self.replyTo, self.groupID, self.timeToLive) = (replyTo, groupID, timeToLive)
            (self.type, self.createdAt) = (type, createdAt)
        }
    }

    /// Records, or why there are none.
    public enum Content: Sendable, Equatable {
        case records(RecordDict)
        /// Flower's codes: 2 the client raised an error, 3 the message is not available, 5 the node is not available,
        /// 8 the client ended.
        case error(code: Int, reason: String)
    }

    /// Who sends what to whom.
    public var metadata: Metadata
    /// Records, or why there are none.
    public var content: Content

    /// A message of the given parts.
    public init(metadata: Metadata, content: Content) {
        (self.metadata, self.content) = (metadata, content)
    }
}
#endif
