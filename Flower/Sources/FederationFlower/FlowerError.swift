/// An error in the communication with Flower, or in the data received from it.
public enum FlowerError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The address cannot be reached.
    case unreachable(address: String, reason: String)
    /// The certificate of the peer was not signed by a trusted authority.
    case untrusted(address: String, reason: String)
    /// The secret of this process is missing or does not match that of the peer.
    case unauthorized(address: String, reason: String)
    /// The task was stopped or has expired.
    case taskEnded(reason: String)
    /// The peer runs an unsupported version of Flower.
    case unsupportedVersion(address: String, reason: String)
    /// The peer refused a request or failed to fulfill it.
    case refused(route: String, status: Int, reason: String)
    /// A reply did not arrive in time.
    case timeout(what: String, seconds: Double)
    /// The received or given data is malformed.
    case malformed(what: String, reason: String)
    /// A site replied with an error instead of a result.
    case site(name: String, code: Int, reason: String)
    /// A given file cannot be read.
    case unreadable(path: String, reason: String)
    /// A file cannot be written.
    case unwritable(path: String, reason: String)

    /// One sentence that names the error, its location, and a remedy.
    public var description: String {
        switch self {
        case .unreachable(let address, let reason):
            "\(address) cannot be reached: \(reason); is Flower running there, and is the port right?"
        case .untrusted(let address, let reason):
            "\(address) is not trusted: \(reason); give the certificate of the authority that signed its own"
        case .unauthorized(let address, let reason):
            "\(address) does not accept this process: \(reason); give the secret file that it was started with"
        case .taskEnded(let reason):
            "the run was stopped, or its task has expired: \(reason)"
        case .unsupportedVersion(let address, let reason):
            "this Flower version is not supported: \(address) answered \(reason); flwr 1.39 to 1.42 are known to work"
        case .refused(let route, let status, let reason):
            "Flower refused \(route) with status \(status): \(reason)"
        case .timeout(let what, let seconds):
            "\(what) did not come within \(Int(seconds.rounded())) s"
        case .malformed(let what, let reason):
            "\(what) is malformed: \(reason)"
        case .site(let name, let code, let reason):
            "\(name) answered with error \(code): \(reason)"
        case .unreadable(let path, let reason):
            "\(path) cannot be read: \(reason)"
        case .unwritable(let path, let reason):
            "\(path) cannot be written: \(reason)"
        }
    }
}
