import Features
import Foundation
import Tensor

/// The validation of one round, which every share and every update passes before it is used.
///
/// Types guarantee that weights are float32 and that features are finite unit vectors. Everything else is checked
/// here.
public struct Validation: Sendable {
    /// The maximum sample count: more than any data set has, yet small enough for exact sums.
    public static let maximumSampleCount = 1 << 40
    /// The maximum number of metrics in an update.
    public static let maximumMetricCount = 32
    /// The maximum magnitude of a metric; others are left out of the report, as those that are not finite.
    public static let maximumMetric = 1e6

    private let round: Int
    private let reference: Parameters
    private let exchange: FeatureExchange?
    private var shared: Set<String> = []
    private var updated: Set<String> = []

    /// Creates the validation of round `round`, whose clients started from `reference`.
    public init(round: Int, reference: Parameters, exchange: FeatureExchange?) {
        (self.round, self.reference, self.exchange) = (round, reference, exchange)
    }

    /// Accepts a share of features from a client.
    ///
    /// - Precondition: The round has a feature exchange.
    /// - Throws: `Rejection` with the error.
    public mutating func accept(_ share: FeatureShare, from client: String) throws(Rejection) {
        guard let exchange else { preconditionFailure("client \(client) was not asked for features") }
        try checkSender(share.client, share.round, client: client, seen: &shared)
        let features = share.features
        guard features.dimension == exchange.dimension else {
            throw Rejection(client, .featureDimension(expected: exchange.dimension, found: features.dimension))
        }
        guard features.count > 0 && features.count <= exchange.maximumCount else {
            throw Rejection(client, .featureCount(found: features.count, limit: exchange.maximumCount))
        }
        if let row = features.partitions.firstIndex(where: { Int($0) >= exchange.partitions }) {
            let found = Int(features.partitions[row])
            throw Rejection(client, .partition(row: row, found: found, partitions: exchange.partitions))
        }
    }

    /// Accepts a trained model from a client.
    ///
    /// - Throws: `Rejection` with the error.
    public mutating func accept(_ update: LocalUpdate, from client: String) throws(Rejection) {
        try checkSender(update.client, update.round, client: client, seen: &updated)
        guard update.sampleCount > 0 && update.sampleCount <= Self.maximumSampleCount else {
            throw Rejection(client, .sampleCount(found: update.sampleCount, limit: Self.maximumSampleCount))
        }
        guard update.metrics.count <= Self.maximumMetricCount else {
            throw Rejection(client, .metricCount(found: update.metrics.count, limit: Self.maximumMetricCount))
        }
        if let name = update.metrics.keys.map(\.rawValue).filter({ !ClientName.isValid($0) }).min() {
            throw Rejection(client, .metricName(name))
        }
        try checkSlots(update.parameters, client: client)
        if let slot = update.parameters.firstInvalidSlot {
            let isFinite = update.parameters[slot].isFinite
            throw Rejection(client, isFinite ? .negative(slot: slot.name) : .weightNotFinite(slot: slot.name))
        }
    }

    private func checkSender(
        _ claimed: String, _ claimedRound: Int, client: String, seen: inout Set<String>
    ) throws(Rejection) {
        guard claimed == client else { throw Rejection(client, .sender(claimed: claimed)) }
        guard claimedRound == round else { throw Rejection(client, .round(expected: round, found: claimedRound)) }
        guard seen.insert(client).inserted else { throw Rejection(client, .duplicate) }
    }

    private func checkSlots(_ parameters: Parameters, client: String) throws(Rejection) {
        if parameters.matches(reference) { return }
        let (expected, found) = (reference.slots, parameters.slots)
        let index = zip(expected, found).enumerated().first { $1.0 != $1.1 }?.offset ?? min(expected.count, found.count)
        func name(_ slots: [ParameterSlot]) -> String {
            guard slots.indices.contains(index) else { return "no further weight" }
            return "\(slots[index].role.rawValue) \(slots[index].name) \(slots[index].shape)"
        }
        throw Rejection(client, .slot(expected: name(expected), found: name(found)))
    }
}

/// The rejection of a client's message, and its reason.
public struct Rejection: Error, Hashable, Sendable, CustomStringConvertible {
    /// The client.
    public let client: String
    /// The error in its message.
    public let fault: Fault

    /// Creates a rejection of a client's message.
    public init(_ client: String, _ fault: Fault) { (self.client, self.fault) = (client, fault) }

    /// An error in a message.
    public enum Fault: Hashable, Sendable {
        /// The message claims to come from another client.
        case sender(claimed: String)
        /// The message belongs to an earlier or a later round.
        case round(expected: Int, found: Int)
        /// The client sent the same kind of message twice in one round.
        case duplicate
        /// The model has different weights from the global one; the first difference is named.
        case slot(expected: String, found: String)
        /// A weight is NaN or infinite.
        case weightNotFinite(slot: String)
        /// A value is below zero in a slot that forbids it, such as a variance.
        case negative(slot: String)
        /// The weights are too far from the global ones, compared with those of the other clients.
        case distance(found: Double, limit: Double)
        /// Statistics are far larger or smaller than those of the other clients.
        case statistics(slot: String, ratio: Double)
        /// The sample count is not positive or exceeds the limit.
        case sampleCount(found: Int, limit: Int)
        /// The sample count is too large, compared with those of the other clients.
        case weight(found: Int, limit: Int)
        /// There are too many metrics to keep in a report.
        case metricCount(found: Int, limit: Int)
        /// The name of a metric is not one to 64 letters, digits, or any of `._-`.
        case metricName(String)
        /// The features have a different length from those that the projection head produces.
        case featureDimension(expected: Int, found: Int)
        /// There are no features, or too many.
        case featureCount(found: Int, limit: Int)
        /// A feature has the tag of a nonexistent partition.
        case partition(row: Int, found: Int, partitions: Int)
        /// The features are not unit vectors with one tag each.
        case features(FeatureError)
    }

    /// A sentence that names the client and the error.
    public var description: String { "client \(client) \(fault)" }
}

extension Rejection.Fault: CustomStringConvertible {
    /// Returns three significant digits.
    private func significant(_ value: Double) -> String { String(format: "%.3g", value) }

    /// The predicate of a sentence about the client.
    public var description: String {
        switch self {
        case .sender(let claimed):
            "sent a message in the name of \(PeerText.excerpt(of: claimed))"
        case .round(let expected, let found):
            "sent a \(found < expected ? "stale" : "future") message of round \(found) in round \(expected)"
        case .duplicate:
            "sent the same kind of message twice in one round"
        case .slot(let expected, let found):
            "sent a model with \(found) where the global model has \(expected)"
        case .weightNotFinite(let slot):
            "sent NaN or infinite values in \(slot)"
        case .negative(let slot):
            "sent values below zero in \(slot)"
        case .distance(let found, let limit):
            "moved the weights by \(significant(found)); at most \(significant(limit)) is accepted, as the other clients "
                + "moved them less"
        case .statistics(let slot, let ratio):
            "sent statistics in \(slot) that are \(significant(ratio)) times those of the other clients"
        case .sampleCount(let found, let limit):
            "reports \(found) samples; expected 1 to \(limit)"
        case .weight(let found, let limit):
            "reports \(found) samples; at most \(limit) are accepted, as the other clients have fewer"
        case .metricCount(let found, let limit):
            "sent \(found) metrics; at most \(limit) are kept"
        case .metricName(let name):
            "sent a metric named '\(PeerText.excerpt(of: name))'; expected up to 64 letters, digits, or any of ._-"
        case .featureDimension(let expected, let found):
            "sent features of dimension \(found); expected \(expected)"
        case .featureCount(let found, let limit):
            "sent \(found) features; expected 1 to \(limit)"
        case .partition(let row, let found, let partitions):
            "tagged feature \(row) with partition \(found); there are \(partitions), counted from 0"
        case .features(let error):
            "has \(error)"
        }
    }
}
