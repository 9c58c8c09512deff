#if Flower
/// The routes of Flower's Runtime API, version 1.39 to 1.42. What changes between versions of Flower is here.
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

    /// How the signature of a request names its route.
    static let signedMethod = "/flwr.proto.Runtime/AcquireTask"
}
#endif
