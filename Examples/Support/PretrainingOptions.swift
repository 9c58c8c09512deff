import ArgumentParser
import Contrastive
import FederatedContrastive

/// The options of pre-training, for every program that does it.
public struct PretrainingOptions: SettingOptions {
    private static let defaults = PretrainingSettings()

    @Option(
        help: "\(PretrainingMethods.names.joined(separator: ", ")) (default: \(defaults.method)).",
        completion: .list(PretrainingMethods.names))
    public var method: String?
    @Option(
        help:
            "Weights averaged every round, all data at one site, or each site alone (default: fedavg; localCL: local).")
    public var federation: PretrainingSettings.Collaboration?
    @Option(help: "Sites among which the patients are divided at random (default: \(defaults.clients)).")
    public var clients: Int?
    @Option(help: "Rounds of training and exchange (default: \(defaults.rounds)).")
    public var rounds: Int?
    @Option(
        help: ArgumentHelp(
            "Rounds between two measurements of what the features reveal, 0 for never "
                + "(default: \(defaults.probeEvery)).", valueName: "rounds"))
    public var probeEvery: Int?
    @Option(help: "Passes over a client's slices in a round (default: \(defaults.localEpochs)).")
    public var localEpochs: Int?
    @Option(help: "Parts of a volume along the slice axis (default: \(defaults.partitions)).")
    public var partitions: Int?
    @Option(help: "Temperature of the loss (default: 0.1; 0.2 for fedMoCo).")
    public var temperature: Float?
    @Option(help: "Fraction of itself that the momentum encoder keeps in a step (default: \(defaults.momentum)).")
    public var momentum: Float?
    @Option(help: "Length of a feature (default: \(defaults.featureDimension)).")
    public var featureDimension: Int?
    @Option(help: "Capacity of a client's memory bank (default: one feature per slice).")
    public var bank: Int?
    @Option(help: "Entries of the bank that are negatives (default: \(defaults.negatives.rawValue)).")
    public var negatives: FCLLoss.Negatives?
    @Flag(inversion: .prefixedNo, help: "FCL's loss of positives in the bank (default: with it).")
    public var remoteLoss: Bool?
    @Flag(inversion: .prefixedNo, help: "Features of other sites, in FCL and FedCA (default: with them).")
    public var exchange: Bool?
    @Flag(inversion: .prefixedNo, help: "FCL's keys from a momentum encoder (default: with it).")
    public var momentumEncoder: Bool?
    @Option(help: "Prototypes of fedSwAV (default: \(defaults.prototypes)).")
    public var prototypes: Int?
    @Option(help: "Channels of the encoder's first level (default: \(defaults.width)).")
    public var width: Int?
    @Option(help: "Rows and columns of a slice, a multiple of 16 (default: \(defaults.size)).")
    public var size: Int?
    @Option(help: "Pixel spacing in mm (default: \(defaults.spacing)).")
    public var spacing: Double?
    @Option(help: "Volumes in a batch, each with a slice of every partition (default: \(defaults.batchVolumes)).")
    public var batchVolumes: Int?
    @Option(help: "Batches balanced over partitions, or of random slices (default: \(defaults.batch.rawValue)).")
    public var batch: PretrainingSettings.BatchComposition?
    @Option(help: "Adam's initial learning rate; it decays along a cosine (default: \(defaults.learningRate)).")
    public var learningRate: Float?
    @Option(help: "L2 penalty on the weights (default: \(defaults.weightDecay)).")
    public var weightDecay: Float?
    @Option(help: "Strength of the random views (default: \(defaults.augmentation.rawValue)).")
    public var augmentation: AugmentationStrength?
    @Option(help: "Statistics of the momentum encoder's batch norms (default: \(defaults.keyNormalization.rawValue)).")
    public var keyNormalization: PretrainingSettings.KeyNormalization?
    @Option(help: "Frames of a patient: the two endpoints or the whole cine (default: \(defaults.frames.rawValue)).")
    public var frames: PretrainingSettings.Frames?
    @Option(help: "Minimum number of clients in a round (default: all of them).")
    public var quorum: Int?
    @Option(help: "Seed of all randomness; the same seed gives the same bits (default: \(defaults.seed)).")
    public var seed: UInt64?

    public init() {}
}
