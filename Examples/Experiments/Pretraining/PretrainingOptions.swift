import ArgumentParser
import Contrastive

/// The options that say how an encoder is pre-trained, for every program that does so.
package struct PretrainingOptions: ParsableArguments {
    private static let defaults = PretrainingSettings()

    @Option(
        help: "\(PretrainingMethods.names.joined(separator: ", ")) (default: \(defaults.method)).",
        completion: .list(PretrainingMethods.names))
    package var method: String?
    @Option(
        help: "Averaged every round, all data at one site, or each site alone (default: fedavg; localCL: local).")
    package var federation: PretrainingSettings.Collaboration?
    @Option(help: "Sites among which the patients are divided at random (default: \(defaults.clients)).")
    package var clients: Int?
    @Option(help: "Rounds of training and exchange (default: \(defaults.rounds)).")
    package var rounds: Int?
    @Option(
        help: ArgumentHelp(
            "After how many rounds to measure what features say of partition and diagnosis, 0 for never "
                + "(default: \(defaults.probeEvery)).", valueName: "rounds"))
    package var probeEvery: Int?
    @Option(help: "Passes over a client's slices in a round (default: \(defaults.localEpochs)).")
    package var localEpochs: Int?
    @Option(help: "Parts of a volume along the slice axis (default: \(defaults.partitions)).")
    package var partitions: Int?
    @Option(help: "Temperature of the loss (default: 0.1; 0.2 for fedMoCo).")
    package var temperature: Float?
    @Option(help: "What the momentum encoder keeps of itself in a step (default: \(defaults.momentum)).")
    package var momentum: Float?
    @Option(help: "Length of a feature (default: \(defaults.featureDimension)).")
    package var featureDimension: Int?
    @Option(help: "Entries of a client's memory bank (default: one for each of its slices).")
    package var bank: Int?
    @Option(help: "Entries of the bank that are negatives (default: \(defaults.negatives.rawValue)).")
    package var negatives: FCLLoss.Negatives?
    @Flag(help: "FCL without the loss of positives in the bank.")
    package var noRemoteLoss = false
    @Flag(help: "FCL or FedCA without features of other sites.")
    package var noExchange = false
    @Flag(help: "FCL with keys from the main encoder.")
    package var noMomentumEncoder = false
    @Option(help: "Prototypes of fedSwAV (default: \(defaults.prototypes)).")
    package var prototypes: Int?
    @Option(help: "Channels of the encoder's first level (default: \(defaults.width)).")
    package var width: Int?
    @Option(help: "Rows and columns of a slice, a multiple of 16 (default: \(defaults.size)).")
    package var size: Int?
    @Option(help: "Distance between pixels in mm (default: \(defaults.spacing)).")
    package var spacing: Double?
    @Option(help: "Volumes in a batch, each with a slice of every partition (default: \(defaults.batchVolumes)).")
    package var batchVolumes: Int?
    @Option(help: "Batches balanced over partitions, or of random slices (default: \(defaults.batch.rawValue)).")
    package var batch: PretrainingSettings.BatchComposition?
    @Option(help: "Adam's rate at the start; it falls along a cosine (default: \(defaults.learningRate)).")
    package var learningRate: Float?
    @Option(help: "L2 penalty on the weights (default: \(defaults.weightDecay)).")
    package var weightDecay: Float?
    @Option(help: "Strength of the random views (default: \(defaults.augmentation.rawValue)).")
    package var augmentation: PretrainingSettings.AugmentationStrength?
    @Option(help: "Statistics of the momentum encoder's batch norms (default: \(defaults.keyNormalization.rawValue)).")
    package var keyNormalization: PretrainingSettings.KeyNormalization?
    @Option(help: "Frames of a patient: the two endpoints or the whole cine (default: \(defaults.frames.rawValue)).")
    package var frames: PretrainingSettings.Frames?
    @Option(help: "The fewest clients with which a round counts (default: all of them).")
    package var quorum: Int?
    @Option(help: "Seed of all randomness; the same seed gives the same bits (default: \(defaults.seed)).")
    package var seed: UInt64?

    package init() {}

    /// The settings with what was given in place of their own.
    package func applied(to settings: PretrainingSettings) -> PretrainingSettings {
        var settings = settings
        func apply<Value>(_ value: Value?, to setting: WritableKeyPath<PretrainingSettings, Value>) {
            if let value { settings[keyPath: setting] = value }
        }
        apply(method, to: \.method)
        apply(federation.map(Optional.some), to: \.federation)
        apply(clients, to: \.clients)
        apply(rounds, to: \.rounds)
        apply(probeEvery, to: \.probeEvery)
        apply(localEpochs, to: \.localEpochs)
        apply(partitions, to: \.partitions)
        apply(temperature.map(Optional.some), to: \.temperature)
        apply(momentum, to: \.momentum)
        apply(featureDimension, to: \.featureDimension)
        apply(bank.map(Optional.some), to: \.bank)
        apply(negatives, to: \.negatives)
        apply(noRemoteLoss ? false : nil, to: \.remoteLoss)
        apply(noExchange ? false : nil, to: \.exchange)
        apply(noMomentumEncoder ? false : nil, to: \.momentumEncoder)
        apply(prototypes, to: \.prototypes)
        apply(width, to: \.width)
        apply(size, to: \.size)
        apply(spacing, to: \.spacing)
        apply(batchVolumes, to: \.batchVolumes)
        apply(batch, to: \.batch)
        apply(learningRate, to: \.learningRate)
        apply(weightDecay, to: \.weightDecay)
        apply(augmentation, to: \.augmentation)
        apply(keyNormalization, to: \.keyNormalization)
        apply(frames, to: \.frames)
        apply(quorum.map(Optional.some), to: \.quorum)
        apply(seed, to: \.seed)
        return settings
    }

    /// The names of what was given, which a run that goes on has already.
    package var given: [String] {
        let given: [(String, Bool)] = [
            ("--method", method != nil), ("--federation", federation != nil), ("--clients", clients != nil),
            ("--rounds", rounds != nil), ("--probe-every", probeEvery != nil), ("--local-epochs", localEpochs != nil),
            ("--partitions", partitions != nil), ("--temperature", temperature != nil),
            ("--momentum", momentum != nil), ("--feature-dimension", featureDimension != nil),
            ("--bank", bank != nil), ("--negatives", negatives != nil), ("--no-remote-loss", noRemoteLoss),
            ("--no-exchange", noExchange), ("--no-momentum-encoder", noMomentumEncoder),
            ("--prototypes", prototypes != nil), ("--batch", batch != nil), ("--width", width != nil),
            ("--size", size != nil), ("--spacing", spacing != nil), ("--batch-volumes", batchVolumes != nil),
            ("--learning-rate", learningRate != nil), ("--weight-decay", weightDecay != nil),
            ("--augmentation", augmentation != nil), ("--key-normalization", keyNormalization != nil),
            ("--frames", frames != nil), ("--quorum", quorum != nil), ("--seed", seed != nil),
        ]
        return given.filter(\.1).map(\.0)
    }
}

extension FCLLoss.Negatives: ExpressibleByArgument {}
extension PretrainingSettings.Collaboration: ExpressibleByArgument {}
extension PretrainingSettings.BatchComposition: ExpressibleByArgument {}
extension PretrainingSettings.AugmentationStrength: ExpressibleByArgument {}
extension PretrainingSettings.KeyNormalization: ExpressibleByArgument {}
extension PretrainingSettings.Frames: ExpressibleByArgument {}
