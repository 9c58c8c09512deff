import Contrastive
import Features
import Federation
import Tensor
import UNet

/// Federated contrastive learning, with queries from the main encoder, keys from its moving average, and negatives
/// and remote positives from the memory banks of all sites.
///
/// A round at a site:
/// 1. ``beginRound(at:from:using:)`` refreshes the site's bank Q_l with the global encoder; the server sends a copy
///   to the others.
/// 2. ``train(from:at:round:others:)`` takes one gradient step of `FCLLoss` per batch, against a sample Q′ of all
///   banks.
/// 3. The server averages the models: encoder, projection head, and running statistics of batch norms.
///
/// Source: Wu et al., MICCAI 2021, sections 2.1 to 2.3. Refreshing the bank every round with the new global encoder,
/// and restarting the momentum encoder there, are this package's reconstruction.
public struct FCL: PretrainingMethod {
    /// The name `fcl`.
    public static let name = "fcl"
    /// The name in tables.
    public static let title = "FCL"
    /// The ablations: the remote loss, the exchange of features, and the momentum encoder.
    public static let ablations: Set<PretrainingSettings.Ablation> = [.remoteLoss, .exchange, .momentumEncoder]
    /// The value `true`: Q_l persists from round to round.
    public static let keepsBank = true

    private let network: Projector
    private let settings: PretrainingSettings
    private let loss: FCLLoss

    /// Creates the method, registering the projection head.
    public init(_ settings: PretrainingSettings, encoder: UNet.Encoder, in builder: inout ParameterBuilder) {
        self.settings = settings
        network = Projector(settings, encoder: encoder, in: &builder)
        loss = FCLLoss(
            temperature: settings.tau, negatives: settings.negatives, hasRemoteLoss: settings.remoteLoss)
    }

    /// Returns the capacity of the memory bank.
    public func maximumSharedFeatures(at site: Site) -> Int { site.bank.capacity }

    /// Fills the bank with features of the global encoder and returns a copy of it.
    public func beginRound(
        at site: inout Site, from global: Parameters, using generator: inout SeededGenerator
    ) throws -> FeatureSet? {
        try network.fill(&site.bank, from: site.slices, with: global, using: &generator)
        return site.bank.contents
    }

    /// Trains the main encoder with the sum of the local loss, Eq. (3), and the remote loss, Eq. (5).
    public func train(
        from global: Parameters, at site: inout Site, round: Int, others: [FeatureSet]
    ) throws -> LocalUpdate {
        var training = LocalTraining(from: global, at: site, round: round)
        // θ_k. Without it, an ablation, keys come from the main encoder.
        var momentumEncoder = settings.momentumEncoder ? MomentumEncoder(global, momentum: settings.momentum) : nil
        var statistics = FCLLoss.Statistics()
        let separation = site.bank.contents.separation

        while let batch = try training.nextBatch() {
            let keys = try network.features(
                of: batch, with: momentumEncoder?.parameters ?? training.main, using: &training.generator)
            let queries = settings.views(batch.images, using: &training.generator)
            let sample = FeatureSet.sample(
                from: [site.bank.contents] + others, count: site.bank.capacity, using: &training.generator)
            try training.step { tape in
                let (value, parts) = loss(
                    network(tape.constant(queries)), partitions: batch.partitions, keys: keys, bank: sample)
                statistics += parts
                return value
            }
            momentumEncoder?.update(toward: training.main)
            site.bank.push(keys)
        }
        return training.update(at: &site, Self.metrics(statistics, separation))
    }

    /// Returns the two losses of a round and the separation in the bank.
    private static func metrics(
        _ statistics: FCLLoss.Statistics, _ separation: FeatureSet.Separation?
    ) -> [Metric: Double] {
        var metrics: [Metric: Double] = [
            .loss: statistics.local.mean, .localLoss: statistics.local.mean, .localConstant: statistics.local.constant,
        ]
        if statistics.remote.queries > 0 {
            metrics[.remoteLoss] = statistics.remote.mean
            metrics[.remoteConstant] = statistics.remote.constant
            metrics[.loss] = statistics.local.mean + statistics.remote.mean
        }
        if let separation {
            metrics[.positiveSimilarity] = separation.positives
            metrics[.negativeSimilarity] = separation.negatives
            metrics[.separation] = separation.difference
        }
        return metrics
    }
}
