import ArgumentParser
import Contrastive
import FederatedContrastive
import Federation

/// The options shared by all pre-training programs.
public struct PretrainingOptions: SettingOptions {
    private static let defaults = PretrainingSettings()

    @Option(
        help: "Method: \(PretrainingMethods.names.joined(separator: ", ")) (default: \(defaults.method)).",
        completion: .list(PretrainingMethods.names))
    var method: String?
    @Option(
        help:
            "Average weights every round, pool all data, or train each site alone (default: fedavg; localCL: local).")
    var federation: PretrainingSettings.Collaboration?
    @Option(help: "Sites among which the patients are divided at random (default: \(defaults.clients)).")
    var clients: Int?
    @Option(
        help: ArgumentHelp(
            "How they are divided: \(PartitionRule.expected) (default: iid).", valueName: "rule"))
    var partition: PartitionRule?
    @Option(
        name: .customLong("split"),
        help: "A JSON file with the patients of each client, such as the split.json of another run.",
        completion: .file())
    var splitFile: AbsolutePath?
    @Option(
        help: ArgumentHelp(
            "Leave out the patients whom fine-tuning scores in this fold, so that no training sees them (default: "
                + "none).", valueName: "fold"))
    var heldOutFold: Int?
    @Option(help: "Number of folds into which every client's patients are divided (default: \(defaults.foldCount)).")
    var foldCount: Int?
    @Option(help: "Rounds of training and exchange (default: \(defaults.rounds)).")
    var rounds: Int?
    @Option(
        help: ArgumentHelp(
            "Rounds between two measurements of what features predict; 0 for never "
                + "(default: \(defaults.probeEvery)).", valueName: "rounds"))
    var probeEvery: Int?
    @Option(help: "Passes over a client's slices per round (default: \(defaults.localEpochs)).")
    var localEpochs: Int?
    @Option(help: "Partitions of a volume along the slice axis (default: \(defaults.partitions)).")
    var partitions: Int?
    @Option(help: "Temperature of the loss (default: 0.1; 0.2 for fedMoCo).")
    var temperature: Float?
    @Option(help: "Fraction of its weights that the momentum encoder keeps per step (default: \(defaults.momentum)).")
    var momentum: Float?
    @Option(help: "Length of a feature (default: \(defaults.featureDimension)).")
    var featureDimension: Int?
    @Option(help: "Capacity of a client's memory bank (default: one feature per slice).")
    var bank: Int?
    @Option(help: "Bank entries that serve as negatives (default: \(defaults.negatives.rawValue)).")
    var negatives: FCLLoss.Negatives?
    @Flag(inversion: .prefixedNo, help: "Use FCL's remote loss, whose positives are in the bank (default: yes).")
    var remoteLoss: Bool?
    @Flag(inversion: .prefixedNo, help: "Use features of other sites in FCL and FedCA (default: yes).")
    var exchange: Bool?
    @Flag(inversion: .prefixedNo, help: "Compute FCL's keys with a momentum encoder (default: yes).")
    var momentumEncoder: Bool?
    @Option(help: "Prototypes of fedSwAV (default: \(defaults.prototypes)).")
    var prototypes: Int?
    @Option(help: "Channels of an image, as many as the data have (default: \(defaults.channels)).")
    var channels: Int?
    @Option(help: "Channels of the encoder's first level (default: \(defaults.width)).")
    var width: Int?
    @Option(help: "Rows and columns of a slice; a multiple of 16 (default: \(defaults.size)).")
    var size: Int?
    @Option(help: "Pixel spacing in mm (default: \(defaults.spacing)).")
    var spacing: Double?
    @Option(help: "Volumes in a batch, each with a slice of every partition (default: \(defaults.batchVolumes)).")
    var batchVolumes: Int?
    @Option(help: "Batches balanced across partitions, or of random slices (default: \(defaults.batch.rawValue)).")
    var batch: PretrainingSettings.BatchComposition?
    @Option(help: "Adam's initial learning rate; it decays along a cosine (default: \(defaults.learningRate)).")
    var learningRate: Float?
    @Option(help: "L2 penalty on the weights (default: \(defaults.weightDecay)).")
    var weightDecay: Float?
    @Flag(inversion: .prefixedNo, help: "Keep Adam's moments from round to round at every site (default: no).")
    var keepsMoments: Bool?
    @Option(help: "Strength of the random views (default: \(defaults.augmentation.rawValue)).")
    var augmentation: AugmentationStrength?
    @Option(help: "Statistics of the momentum encoder's batch norms (default: \(defaults.keyNormalization.rawValue)).")
    var keyNormalization: PretrainingSettings.KeyNormalization?
    @Option(help: "Frames of a patient: the two endpoints or the whole cine (default: \(defaults.frames.rawValue)).")
    var frames: PretrainingSettings.Frames?
    @Option(help: "Minimum number of clients in a round (default: all of them; on Flower, more than half).")
    var quorum: Int?
    @Option(
        help: ArgumentHelp(
            "How the server combines the clients' models: \(AggregationRule.expected) (default: fedAvg).",
            valueName: "rule[:parameter]"))
    var aggregation: AggregationRule?
    @Option(help: "Weight of FedProx's term, which keeps clients near the global model (default: 0, none).")
    var proximal: Float?
    @Option(help: "Seed of all randomness; the same seed gives the same bits (default: \(defaults.seed)).")
    var seed: UInt64?

    /// Creates the options without values.
    public init() {}
}

extension PartitionRule: ExpressibleByArgument {
    /// Creates the rule that an option names.
    public init?(argument: String) { self.init(argument) }
}

extension AggregationRule: ExpressibleByArgument {
    /// Creates the rule that an option names.
    public init?(argument: String) { self.init(argument) }
}
