import Federation
import Synchronization
import Tensor

/// The contribution of a site to a job: the same client as in a federation in one process.
public struct FlowerSite: Sendable {
    /// The client.
    public let client: any Client
    /// The model of the job, with its initial weights.
    public let parameters: Parameters
    /// The format of features; `nil` if none are exchanged.
    public let exchange: FeatureExchange?

    /// Creates the contribution of a client to a job.
    public init(client: any Client, parameters: Parameters, exchange: FeatureExchange?) {
        (self.client, self.parameters, self.exchange) = (client, parameters, exchange)
    }
}

/// A responder that answers the messages of ``MessageType`` with a client that is independent of Flower.
///
/// Everything from the server is validated before it reaches the client: weights that do not match the model, and
/// features that are not unit vectors, are rejected.
public struct SiteResponder: Sendable {
    private let site: @Sendable (FlowerRequest, String, Int) async throws -> FlowerSite
    private let received = ReceivedModel()

    /// Creates a responder that answers with the site that `site` returns for a message, its job, and its round.
    ///
    /// The job is the description with which the server was started; it is empty in a run of another server. The round
    /// is 0 in messages that belong to no round.
    public init(
        site: @escaping @Sendable (_ request: FlowerRequest, _ job: String, _ round: Int) async throws -> FlowerSite
    ) {
        self.site = site
    }

    /// Returns the reply to a message.
    ///
    /// - Throws: `FlowerError.malformed`, `Rejection`, and the errors of the client.
    public func answer(_ request: FlowerRequest) async throws -> RecordDict {
        guard let type = MessageType(rawValue: request.type) else {
            throw FlowerError.malformed(
                what: "a message of type \(request.type)", reason: "this site knows no such type")
        }
        let config = request.content.config(RecordName.config) ?? ConfigRecord([])
        let round = config.integer(RecordName.round) ?? 0
        guard (0...1_000_000_000).contains(round) else {
            throw FlowerError.malformed(what: "round \(round)", reason: "there is none of that number")
        }
        let site = try await site(request, config.string(RecordName.job) ?? "", round)
        switch type {
        case .describe: return describe(site)
        case .parameters: return RecordDict([(RecordName.arrays, .arrays(ArrayRecord(site.parameters)))])
        case .exchange:
            let parameters = try parameters(of: request, site)
            received.keep(parameters, run: request.run, round: round)
            let share = try await site.client.shareFeatures(of: parameters, round: round)
            return RecordDict(share.map { [(RecordName.features, .arrays(ArrayRecord($0)))] } ?? [])
        case .train:
            let known = received.take(run: request.run, round: round)
            if request.content.arrays(RecordName.arrays) == nil, known == nil, round > 0 {
                let missing = ConfigRecord([(RecordName.missing, .string(RecordName.arrays))])
                return RecordDict([(RecordName.config, .config(missing))])
            }
            let parameters = try known ?? parameters(of: request, site)
            let bank = try request.content.arrays(RecordName.bank).map { bank in
                try bank.bank(round: round, expecting: limits(config, site))
            }
            return RecordDict(
                try await site.client.train(from: parameters, round: round, features: bank ?? []),
                packed: config.bool(RecordName.packed) ?? false)
        }
    }

    private func describe(_ site: FlowerSite) -> RecordDict {
        var config = ConfigRecord([(RecordName.client, .string(site.client.id))])
        config[RecordName.maximumShared] = .signed(Int64(site.exchange?.maximumCount ?? 0))
        config[RecordName.packed] = .bool(true)
        return RecordDict([(RecordName.config, .config(config))])
    }

    private func parameters(of request: FlowerRequest, _ site: FlowerSite) throws -> Parameters {
        guard let arrays = request.content.arrays(RecordName.arrays) else {
            throw FlowerError.malformed(what: "a message of type \(request.type)", reason: "it brings no model")
        }
        return try arrays.parameters(like: site.parameters, client: "server")
    }

    /// Returns the limits for a feature bank; only the server knows the size of the largest bank among the sites.
    private func limits(_ config: ConfigRecord, _ site: FlowerSite) throws -> FeatureExchange {
        guard let own = site.exchange, let most = config.integer(RecordName.maximumShared),
            (1...FeatureExchange.maximumShared).contains(most)
        else { throw FlowerError.malformed(what: "a bank of features", reason: "this job exchanges none") }
        return FeatureExchange(dimension: own.dimension, partitions: own.partitions, maximumCount: most)
    }
}

/// The global model of a round, kept from the message that brought it until training starts.
private final class ReceivedModel: Sendable {
    private let kept = Mutex<(run: UInt64, round: Int, parameters: Parameters)?>(nil)

    func keep(_ parameters: Parameters, run: UInt64, round: Int) {
        kept.withLock { $0 = (run, round, parameters) }
    }

    /// Removes and returns the model, or `nil` if it belongs to another run or round.
    func take(run: UInt64, round: Int) -> Parameters? {
        kept.withLock { kept in
            defer { kept = nil }
            return kept?.run == run && kept?.round == round ? kept?.parameters : nil
        }
    }
}
