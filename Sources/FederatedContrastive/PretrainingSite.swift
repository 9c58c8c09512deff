import Contrastive
import Features
import Federation
import Tensor

/// A hospital in pre-training, which holds slices that never leave it and responds to the server with weights and,
/// in some methods, features.
public actor PretrainingSite: Client {
    /// The pseudonym of the site.
    public nonisolated let id: String
    /// The maximum number of features that this site shares in a round.
    public nonisolated let maximumSharedFeatures: Int
    private let method: any PretrainingMethod
    private var site: Site
    /// The site's own model if it shares none; the server's is an average that the site does not see.
    private var own: Parameters?
    private var begunRound = 0

    /// Creates a site before its first round or, with `state`, as it was after a round.
    ///
    /// - Throws: `WeightsError` or `RunError` if `state` is not the state of such a site.
    public init(_ site: Site, model: PretrainingModel, state: Safetensors? = nil) throws {
        var site = site
        id = site.id
        method = model.method
        maximumSharedFeatures = model.method.maximumSharedFeatures(at: site)
        if let state {
            if type(of: model.method).keepsBank {
                site.bank = try MemoryBank(
                    restoring: state, capacity: site.bank.capacity, dimension: site.bank.dimension)
            }
            if site.settings.keepsMoments {
                var optimizer = Adam(
                    learningRate: site.settings.learningRate, weightDecay: site.settings.weightDecay)
                try optimizer.restore(state.part(under: Self.optimizer), for: model.parameters)
                site.optimizer = optimizer
            }
            if site.settings.collaboration == .local {
                var parameters = model.parameters
                let missing = try parameters.load(state.part(under: Self.ownModel)).missing
                guard missing.isEmpty else {
                    throw RunError.data("the checkpoint lacks \(missing[0]) of \(id)'s model; begin a new run.")
                }
                own = parameters
            }
        }
        self.site = site
    }

    /// The complete state that the next round needs in addition to the global model.
    public var state: Safetensors {
        var state = type(of: method).keepsBank ? site.bank.state : Safetensors()
        if let optimizer = site.optimizer { state.insert(optimizer.state, under: Self.optimizer) }
        if let own { state.insert(own.safetensors(), under: Self.ownModel) }
        return state
    }
    private static let ownModel = "model."
    private static let optimizer = "optimizer."

    /// The contents of the site's memory bank; `nil` for methods without one.
    public var bank: FeatureSet? { type(of: method).keepsBank ? site.bank.contents : nil }

    /// Begins a round and returns the features that the method shares.
    public func shareFeatures(of parameters: Parameters, round: Int) throws -> FeatureShare? {
        try begin(round, from: parameters)
        return site.shared.map { FeatureShare($0, client: id, round: round) }
    }

    /// Trains the global model, or the site's own if it shares none, for one round.
    public func train(from parameters: Parameters, round: Int, features shares: [FeatureShare]) throws -> LocalUpdate {
        let start = own ?? parameters
        // If no features are exchanged, this is the first request of the round.
        if begunRound < round { try begin(round, from: start) }
        let update = try method.train(from: start, at: &site, round: round, others: shares.map(\.features))
        if site.settings.collaboration == .local { own = update.parameters }
        return update
    }

    private func begin(_ round: Int, from parameters: Parameters) throws {
        var generator = SeededGenerator(seed: site.settings.seed, path: RandomStream.refresh, round, site.index)
        begunRound = round
        site.shared = try method.beginRound(at: &site, from: parameters, using: &generator)
    }
}
