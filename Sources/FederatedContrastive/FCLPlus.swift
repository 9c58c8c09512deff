import Contrastive
import Features
import Federation
import Tensor
import UNet

/// FCL+, federated contrastive learning with graded positions instead of partitions, and a term that keeps the features
/// of different hearts apart.
///
/// A round is that of ``FCL``; a feature is sent with its position and phase in one byte (`PositionTag`) instead of its
/// partition, and the loss is `GradedLoss`.
///
/// Source: this package's extension of Wu et al., MICCAI 2021. What supervised contrast between partitions collapses,
/// among it all that tells patients with different diagnoses apart, it cannot teach to a segmentation.
public struct FCLPlus: PretrainingMethod {
    /// The name `fclPlus`.
    public static let name = "fclPlus"
    /// The name in tables.
    public static let title = "FCL+"
    /// The ablations: the remote loss, the exchange of features, and the momentum encoder.
    public static let ablations: Set<PretrainingSettings.Ablation> = [.remoteLoss, .exchange, .momentumEncoder]
    /// The value `true`: Q_l persists from round to round.
    public static let keepsBank = true
    /// Positions and phases.
    public static let tagging = SliceTagging.position

    private let network: Projector
    private let settings: PretrainingSettings
    private let loss: GradedLoss

    /// Creates the method, registering the projection head.
    public init(_ settings: PretrainingSettings, encoder: UNet.Encoder, in builder: inout ParameterBuilder) {
        self.settings = settings
        network = Projector(settings, encoder: encoder, in: &builder)
        loss = GradedLoss(temperature: settings.tau, hasRemoteLoss: settings.remoteLoss)
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

    /// Trains the main encoder with the graded loss.
    public func train(
        from global: Parameters, at site: inout Site, round: Int, others: [FeatureSet]
    ) throws -> LocalUpdate {
        var training = LocalTraining(from: global, at: site, round: round)
        var momentumEncoder = settings.momentumEncoder ? MomentumEncoder(global, momentum: settings.momentum) : nil
        var statistics = GradedLoss.Statistics()

        while let batch = try training.nextBatch() {
            let keys = try network.features(
                of: batch, with: momentumEncoder?.parameters ?? training.main, using: &training.generator)
            let queries = settings.views(batch.images, using: &training.generator)
            let samples = FeatureSet.samples(
                from: [site.bank.contents] + others, count: site.bank.capacity, using: &training.generator)
            let bank = FeatureSet(joining: samples)
            try training.step { tape in
                let (value, parts) = loss(
                    network(tape.constant(queries)), volumes: batch.volumes, keys: keys, bank: bank,
                    foreign: samples[0].count..<bank.count)
                statistics += parts
                return value
            }
            momentumEncoder?.update(toward: training.main)
            site.bank.push(keys)
        }
        return training.update(at: &site, Self.metrics(statistics))
    }

    private static func metrics(_ statistics: GradedLoss.Statistics) -> [Metric: Double] {
        var metrics: [Metric: Double] = [
            .loss: statistics.mean, .lossConstant: statistics.constant, .localLoss: statistics.local.mean,
            .localConstant: statistics.local.constant, .spreadLoss: statistics.spread.mean,
            .spreadConstant: statistics.spread.constant,
        ]
        if statistics.remote.queries > 0 {
            metrics[.remoteLoss] = statistics.remote.mean
            metrics[.remoteConstant] = statistics.remote.constant
        }
        return metrics
    }
}
