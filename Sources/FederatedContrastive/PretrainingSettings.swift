import Contrastive
import Federation
import Foundation
import Tensor

/// The settings that determine a pre-training run.
public struct PretrainingSettings: RunSettings {
    /// The folder of patients.
    public var data = ""
    /// The method, one of ``PretrainingMethods/names``.
    public var method = FCL.name
    /// The collaboration of the sites; by default, that of the method.
    public var federation: Collaboration?
    /// The number of sites among which the patients are divided.
    public var clients = 10
    /// The rule by which the patients are divided.
    public var partition = PartitionRule.iid
    /// A file with the patients of each site, in place of that rule; see ``SplitFile``.
    public var splitFile: String?
    /// The fold whose scored patients are held out, so that a fine-tuning on this fold scores patients that no training
    /// has seen; by default, none.
    public var heldOutFold: Int?
    /// The number of folds into which each site's patients are divided.
    public var foldCount = 5
    /// The number of rounds.
    public var rounds = 100
    /// The number of passes of each client over its slices per round.
    public var localEpochs = 1
    /// The number of partitions into which a volume is divided along the slice axis, S.
    public var partitions = 4
    /// The temperature τ of the loss; by default, that of the method.
    public var temperature: Float?
    /// The fraction of itself that the momentum encoder keeps per step, m.
    public var momentum: Float = 0.99
    /// The length of a feature, D.
    public var featureDimension = 128
    /// The capacity of a client's memory bank, K; by default, one feature per slice, at most
    /// `FeatureExchange/maximumShared`.
    public var bank: Int?
    /// The entries of the bank that are negatives.
    public var negatives = FCLLoss.Negatives.otherPartitions
    /// Whether FCL uses its remote loss.
    public var remoteLoss = true
    /// Whether sites exchange features, if the method does.
    public var exchange = true
    /// Whether FCL uses a momentum encoder; without it, keys come from the main encoder.
    public var momentumEncoder = true
    /// The number of SwAV prototypes.
    public var prototypes = 64
    /// The number of channels of an image, which must be that of the data.
    public var channels = 1
    /// The number of channels of the encoder's first level.
    public var width = 16
    /// The number of rows and columns of a slice.
    public var size = 144
    /// The pixel spacing, in mm.
    public var spacing = 1.5
    /// The number of volumes per batch, V; the batch has V · S slices.
    public var batchVolumes = 2
    /// The composition of batches.
    public var batch = BatchComposition.balanced
    /// Adam's initial learning rate; it decays to zero along a cosine.
    public var learningRate: Float = 1e-3
    /// The L2 penalty added to the gradient.
    public var weightDecay: Float = 1e-4
    /// Whether a site keeps Adam's moments from round to round; if not, every round begins with new ones.
    public var keepsMoments = false
    /// The strength of the random augmentation.
    public var augmentation = AugmentationStrength.weak
    /// The statistics that the momentum encoder's batch norms use.
    public var keyNormalization = KeyNormalization.batch
    /// The frames of a patient to use.
    public var frames = Frames.endpoints
    /// The minimum number of clients in a round; by default, all of them.
    public var quorum: Int?
    /// The rule by which the server combines the clients' models.
    public var aggregation = AggregationRule.fedAvg
    /// The weight μ of FedProx's term in the loss of a client, which keeps it near the global model; 0 for none.
    public var proximal: Float = 0
    /// The number of rounds between two measurements of the representation; 0 to disable them.
    public var probeEvery = 10
    /// The seed of all randomness.
    public var seed: UInt64 = 1

    /// Creates the default settings.
    public init() {}

    /// The collaboration of the sites.
    public enum Collaboration: String, Codable, CaseIterable, Sendable {
        /// The server averages the sites' weights after every round.
        case fedavg
        /// A single site has the patients of all.
        case centralized = "none"
        /// Each site trains alone; the sites' models are averaged at the end.
        case local
    }

    /// A part that can be left out of a method.
    public enum Ablation: String, CaseIterable, Sendable { case remoteLoss, exchange, momentumEncoder }

    /// The composition of a batch: equally many slices of every partition, or random slices.
    public enum BatchComposition: String, Codable, CaseIterable, Sendable { case balanced, random }

    /// The statistics of a batch norm.
    public enum KeyNormalization: String, Codable, CaseIterable, Sendable { case batch, running }

    /// The frames to use: the two endpoints of the heartbeat, or the whole cine.
    public enum Frames: String, Codable, CaseIterable, Sendable { case endpoints, cine }

    /// Checks every setting.
    ///
    /// - Throws: `RunError` that names the first setting that is out of range.
    public func validate() throws(RunError) {
        if data.isEmpty {
            throw .conflict(
                "--data is missing: the folder of patients, such as ACDC/training or one with dataset.json.")
        }
        guard let type = PretrainingMethods.named(method) else {
            throw .setting(
                "method", found: method, expected: "one of \(PretrainingMethods.names.joined(separator: ", "))")
        }
        for ablation in leftOut.subtracting(type.ablations).sorted(by: { $0.rawValue < $1.rawValue }) {
            let names = PretrainingMethods.all.filter { $0.ablations.contains(ablation) }.map { $0.name }
            throw .setting(
                ablation.rawValue, found: "false", expected: "a method that has it (\(names.joined(separator: ", ")))")
        }
        try check("clients", clients, (1...1000).contains(clients), "a number from 1 to 1000")
        if splitFile != nil, partition != .iid {
            throw .conflict("--split prescribes the patients of every site; leave out --partition.")
        }
        try check("foldCount", foldCount, (2...100).contains(foldCount), "a number from 2 to 100")
        try check(
            "heldOutFold", heldOutFold ?? 0, (0..<foldCount).contains(heldOutFold ?? 0),
            "a number from 0 to \(foldCount - 1)")
        try check("rounds", rounds, (1...100_000).contains(rounds), "a number from 1 to 100000")
        try check("probeEvery", probeEvery, probeEvery >= 0, "a number of rounds, or 0 for never,")
        try check("localEpochs", localEpochs, (1...1000).contains(localEpochs), "a number from 1 to 1000")
        try check("partitions", partitions, (2...64).contains(partitions), "a number from 2 to 64")
        try check("temperature", tau, tau.isFinite && tau > 0, "a positive number")
        try check("prototypes", prototypes, (2...4096).contains(prototypes), "a number from 2 to 4096")
        try check("momentum", momentum, (0...1).contains(momentum), "a number from 0 to 1")
        try check(
            "featureDimension", featureDimension, (1...FeatureExchange.maximumDimension).contains(featureDimension),
            "a number from 1 to \(FeatureExchange.maximumDimension)")
        try check(
            "bank", bank ?? 1, (1...FeatureExchange.maximumShared).contains(bank ?? 1),
            "a number from 1 to \(FeatureExchange.maximumShared)")
        try Self.checkChannels(channels)
        try check("width", width, (1...256).contains(width), "a number from 1 to 256")
        try Self.checkImages(size: size, spacing: spacing)
        try check("batchVolumes", batchVolumes, (1...64).contains(batchVolumes), "a number from 1 to 64")
        try check("learningRate", learningRate, learningRate.isFinite && learningRate > 0, "a positive number")
        try check("weightDecay", weightDecay, weightDecay.isFinite && weightDecay >= 0, "zero or more")
        try check("proximal", proximal, (0...1000).contains(proximal), "a number from 0 to 1000")
        let fewest = aggregation.aggregator().minimumUpdates
        try check(
            "aggregation", aggregation, (quorum ?? siteCount) >= fewest || collaboration != .fedavg,
            "with \(quorum ?? siteCount) sites in a round, a rule that does not need \(fewest),")
        try check(
            "quorum", quorum ?? 1, (1...siteCount).contains(quorum ?? 1),
            "a number from 1 to the number of sites, \(siteCount),")
    }

    /// Checks the number of channels of an image.
    static func checkChannels(_ channels: Int) throws(RunError) {
        try check("channels", channels, (1...16).contains(channels), "a number from 1 to 16")
    }

    /// Checks the size and pixel spacing of slices.
    static func checkImages(size: Int, spacing: Double) throws(RunError) {
        try check("size", size, (16...1024).contains(size) && size % 16 == 0, "a multiple of 16 from 16 to 1024")
        try check("spacing", spacing, (0.1...20).contains(spacing), "a number from 0.1 to 20 mm")
    }
}

extension PretrainingSettings {
    /// The method; FCL for an unknown name, which `validate` rejects.
    public var methodType: any PretrainingMethod.Type { PretrainingMethods.named(method) ?? FCL.self }

    /// The collaboration of the sites.
    public var collaboration: Collaboration { federation ?? methodType.collaboration }

    /// The number of sites; 1 if all patients are at one site.
    public var siteCount: Int { collaboration == .centralized ? 1 : clients }

    /// The number of rounds to run; 0 if there is nothing to train.
    public var trainedRounds: Int { methodType.isTrained ? rounds : 0 }

    /// The same settings with the method's defaults filled in, so that `config.json` states them.
    public var resolved: PretrainingSettings {
        var settings = self
        (settings.temperature, settings.federation) = (tau, collaboration)
        return settings
    }

    /// The number of different tags of slices and features.
    public var tagCount: Int { methodType.tagging == .partition ? partitions : PositionTag.count }

    /// Returns the partition of a slice, from its tag.
    ///
    /// - Precondition: The tag is less than ``tagCount``.
    public func partition(ofTag tag: UInt8) -> Int {
        switch methodType.tagging {
        case .partition: Int(tag)
        case .position: Int(PositionTag(tag).position * Double(partitions))
        }
    }

    /// The temperature τ.
    public var tau: Float { temperature ?? methodType.temperature }

    /// The parts left out of the method.
    public var leftOut: Set<Ablation> {
        Set(
            [(Ablation.remoteLoss, remoteLoss), (.exchange, exchange), (.momentumEncoder, momentumEncoder)]
                .filter { !$0.1 }.map(\.0))
    }

    /// The random augmentation.
    public var views: Augmentation { augmentation.views }

    /// The statistics that the momentum encoder's batch norms use.
    public var keyStatistics: Tape.Normalization {
        keyNormalization == .batch ? .batchStatistics : .runningStatistics
    }

    /// The provenance of an encoder, in one line.
    public var summary: String {
        guard methodType.isTrained else { return "\(methodType.title), seed \(seed)" }
        let sites =
            switch collaboration {
            case .fedavg: "\(clients) clients"
            case .centralized: "all patients at one site"
            case .local: "\(clients) clients each alone"
            }
        let names: [Ablation: String] = [
            .remoteLoss: "remote loss", .exchange: "exchange", .momentumEncoder: "momentum encoder",
        ]
        let without = leftOut.map { ", no \(names[$0]!)" }.sorted().joined()
        return "\(methodType.title)\(without), \(sites), \(rounds) rounds, seed \(seed)"
    }
}
