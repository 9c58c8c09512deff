import Tensor

/// The door of one round: every share and every update passes here before anything is done with it.
///
/// The type of a weight is float32 by construction, and that features are finite unit vectors is the work of
/// `FeatureShare`. The rest is checked here.
package struct Admission: Sendable {
    /// More samples than any data set has: sums of sample counts stay exact.
    package static let maximumSampleCount = 1 << 40
    /// The most bytes that the names of an update's metrics may take.
    package static let maximumMetricBytes = 1 << 14

    private let round: Int
    private let reference: Parameters
    private let exchange: FeatureExchange?
    private var shared: Set<String> = []
    private var updated: Set<String> = []

    /// The door of round `round`, whose clients started from `reference`.
    package init(round: Int, reference: Parameters, exchange: FeatureExchange?) {
        self.round = round
        self.reference = reference
        self.exchange = exchange
    }

    /// Lets a share of features in, or says why not.
    ///
    /// - Precondition: the round has a feature exchange.
    package mutating func admit(_ share: FeatureShare, from client: String) throws(Rejection) {
        guard let exchange else { preconditionFailure("client \(client) was not asked for features") }
        try checkSender(share.client, share.round, client: client, seen: &shared)
        guard share.dimension == exchange.dimension else {
            throw .featureDimension(client: client, expected: exchange.dimension, found: share.dimension)
        }
        guard share.count > 0 && share.count <= exchange.maximumCount else {
            throw .featureCount(client: client, found: share.count, limit: exchange.maximumCount)
        }
        if let row = share.partitions.firstIndex(where: { Int($0) >= exchange.partitions }) {
            let found = Int(share.partitions[row])
            throw .partition(client: client, row: row, found: found, partitions: exchange.partitions)
        }
    }

    /// Lets a trained model in, or says why not.
    package mutating func admit(_ update: LocalUpdate, from client: String) throws(Rejection) {
        try checkSender(update.client, update.round, client: client, seen: &updated)
        guard update.sampleCount > 0 && update.sampleCount <= Self.maximumSampleCount else {
            throw .sampleCount(client: client, found: update.sampleCount, limit: Self.maximumSampleCount)
        }
        let metricBytes = update.metrics.keys.reduce(0) { $0 + $1.utf8.count + MemoryLayout<Double>.size }
        guard metricBytes <= Self.maximumMetricBytes else {
            throw .metricSize(client: client, bytes: metricBytes, limit: Self.maximumMetricBytes)
        }
        try checkSlots(update.parameters, client: client)
        guard update.parameters.vector.isFinite else {
            let slot = reference.slots.first { !update.parameters[$0].isFinite }
            throw .weightNotFinite(client: client, slot: slot?.name ?? "the model")
        }
    }

    private func checkSender(
        _ claimed: String, _ claimedRound: Int, client: String, seen: inout Set<String>
    ) throws(Rejection) {
        guard claimed == client else { throw .sender(client: client, claimed: claimed) }
        guard claimedRound == round else { throw .round(client: client, expected: round, found: claimedRound) }
        guard seen.insert(client).inserted else { throw .duplicate(client: client) }
    }

    private func checkSlots(_ parameters: Parameters, client: String) throws(Rejection) {
        if parameters.matches(reference) { return }
        let (expected, found) = (reference.slots, parameters.slots)
        let index = zip(expected, found).enumerated().first { $1.0 != $1.1 }?.offset ?? min(expected.count, found.count)
        func name(_ slots: [ParameterSlot]) -> String {
            guard slots.indices.contains(index) else { return "no further weight" }
            return "\(slots[index].role.rawValue) \(slots[index].name) \(slots[index].shape)"
        }
        throw .slot(client: client, expected: name(expected), found: name(found))
    }
}
