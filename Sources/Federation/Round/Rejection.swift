/// Why the server did not accept what a client sent.
public enum Rejection: Error, Hashable, Sendable, CustomStringConvertible {
    /// The message claims to come from another client.
    case sender(client: String, claimed: String)
    /// The message belongs to an earlier or a later round.
    case round(client: String, expected: Int, found: Int)
    /// The client sent the same kind of message twice in a round.
    case duplicate(client: String)
    /// The encoded model is too short or too long.
    case byteCount(client: String, expected: Int, found: Int)
    /// The model has other weights than the global one; the first difference is named.
    case slot(client: String, expected: String, found: String)
    /// A weight is NaN or infinite.
    case weightNotFinite(client: String, slot: String)
    /// The sample count is not positive, or absurd.
    case sampleCount(client: String, found: Int, limit: Int)
    /// The metrics are too many or too long to be kept in a report.
    case metricSize(client: String, bytes: Int, limit: Int)
    /// The encoded features end in the middle of one.
    case partialFeature(client: String, bytes: Int, bytesEach: Int)
    /// The features have another length than the projection head gives.
    case featureDimension(client: String, expected: Int, found: Int)
    /// There is no feature, or there are too many.
    case featureCount(client: String, found: Int, limit: Int)
    /// There is not one tag for each feature.
    case tagCount(client: String, features: Int, tags: Int)
    /// A feature is said to come from a partition that does not exist.
    case partition(client: String, row: Int, found: Int, partitions: Int)
    /// A feature has a NaN or infinite component.
    case featureNotFinite(client: String, row: Int)
    /// A feature does not have length 1, or has length 0 and cannot be given it.
    case notUnitNorm(client: String, row: Int, norm: Double)

    /// One sentence that names the client and the fault.
    public var description: String {
        switch self {
        case .sender(let client, let claimed):
            "client \(client) sent a message in the name of \(claimed)"
        case .round(let client, let expected, let found):
            "client \(client) sent a \(found < expected ? "stale" : "future") message of round \(found) in round \(expected)"
        case .duplicate(let client):
            "client \(client) sent the same kind of message twice in one round"
        case .byteCount(let client, let expected, let found):
            "client \(client) sent a model of \(found) bytes; the global model has \(expected)"
        case .slot(let client, let expected, let found):
            "client \(client) sent a model with \(found) where the global model has \(expected)"
        case .weightNotFinite(let client, let slot):
            "client \(client) sent NaN or infinite values in \(slot)"
        case .sampleCount(let client, let found, let limit):
            "client \(client) reports \(found) samples; expected 1 to \(limit)"
        case .metricSize(let client, let bytes, let limit):
            "client \(client) sent metrics whose names take \(bytes) bytes; at most \(limit) are kept"
        case .partialFeature(let client, let bytes, let bytesEach):
            "client \(client) sent \(bytes) bytes of features, which is no multiple of the \(bytesEach) of one feature"
        case .featureDimension(let client, let expected, let found):
            "client \(client) sent features of dimension \(found); expected \(expected)"
        case .featureCount(let client, let found, let limit):
            "client \(client) sent \(found) features; expected 1 to \(limit)"
        case .tagCount(let client, let features, let tags):
            "client \(client) has \(features) features but \(tags) partition tags"
        case .partition(let client, let row, let found, let partitions):
            "client \(client) tags feature \(row) with partition \(found); there are \(partitions), counted from 0"
        case .featureNotFinite(let client, let row):
            "client \(client) has NaN or infinite values in feature \(row)"
        case .notUnitNorm(let client, let row, let norm):
            "client \(client) has a feature of length \(norm) in row \(row); expected 1"
        }
    }
}
