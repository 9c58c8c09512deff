import ArgumentParser
import Contrastive
import Experiments
import Foundation

/// The command line: what is given here goes before the file of `--config`, which goes before the defaults.
struct Arguments: ParsableArguments {
    private static let defaults = PretrainingSettings()

    @Option(help: "The folder of patients in the ACDC layout (…/training).", completion: .directory)
    var data: String?
    @Option(
        help: "The folder for the run's files (default: runs/ and the time).", completion: .directory)
    var output: String?
    @Option(help: "Go on with the run in this folder, from its last complete round.", completion: .directory)
    var resume: String?
    @Option(help: "A JSON file of settings; options given here go before it.", completion: .file())
    var config: String?

    @Option(
        help: "\(PretrainingMethods.names.joined(separator: ", ")) (default: \(defaults.method)).",
        completion: .list(PretrainingMethods.names))
    var method: String?
    @Option(
        help: "Averaged every round, all data at one site, or each site alone (default: fedavg; localCL: local).")
    var federation: PretrainingSettings.Collaboration?
    @Option(help: "Sites among which the patients are divided at random (default: \(defaults.clients)).")
    var clients: Int?
    @Option(help: "Rounds of training and exchange (default: \(defaults.rounds)).")
    var rounds: Int?
    @Option(
        help: ArgumentHelp(
            "After how many rounds to measure what features say of partition and diagnosis, 0 for never "
                + "(default: \(defaults.probeEvery)).", valueName: "rounds"))
    var probeEvery: Int?
    @Option(help: "Passes over a client's slices in a round (default: \(defaults.localEpochs)).")
    var localEpochs: Int?
    @Option(help: "Parts of a volume along the slice axis (default: \(defaults.partitions)).")
    var partitions: Int?
    @Option(help: "Temperature of the loss (default: 0.1; 0.2 for fedMoCo).")
    var temperature: Float?
    @Option(help: "What the momentum encoder keeps of itself in a step (default: \(defaults.momentum)).")
    var momentum: Float?
    @Option(help: "Length of a feature (default: \(defaults.featureDimension)).")
    var featureDimension: Int?
    @Option(help: "Entries of a client's memory bank (default: one for each of its slices).")
    var bank: Int?
    @Option(help: "Entries of the bank that are negatives (default: \(defaults.negatives.rawValue)).")
    var negatives: FCLLoss.Negatives?
    @Flag(help: "FCL without the loss of positives in the bank.")
    var noRemoteLoss = false
    @Flag(help: "FCL or FedCA without features of other sites.")
    var noExchange = false
    @Flag(help: "FCL with keys from the main encoder.")
    var noMomentumEncoder = false
    @Option(help: "Prototypes of fedSwAV (default: \(defaults.prototypes)).")
    var prototypes: Int?
    @Option(help: "Channels of the encoder's first level (default: \(defaults.width)).")
    var width: Int?
    @Option(help: "Rows and columns of a slice, a multiple of 16 (default: \(defaults.size)).")
    var size: Int?
    @Option(help: "Distance between pixels in mm (default: \(defaults.spacing)).")
    var spacing: Double?
    @Option(help: "Volumes in a batch, each with a slice of every partition (default: \(defaults.batchVolumes)).")
    var batchVolumes: Int?
    @Option(help: "Batches balanced over partitions, or of random slices (default: \(defaults.batch.rawValue)).")
    var batch: PretrainingSettings.BatchComposition?
    @Option(help: "Adam's rate at the start; it falls along a cosine (default: \(defaults.learningRate)).")
    var learningRate: Float?
    @Option(help: "L2 penalty on the weights (default: \(defaults.weightDecay)).")
    var weightDecay: Float?
    @Option(help: "Strength of the random views (default: \(defaults.augmentation.rawValue)).")
    var augmentation: PretrainingSettings.AugmentationStrength?
    @Option(help: "Statistics of the momentum encoder's batch norms (default: \(defaults.keyNormalization.rawValue)).")
    var keyNormalization: PretrainingSettings.KeyNormalization?
    @Option(help: "Frames of a patient: the two endpoints or the whole cine (default: \(defaults.frames.rawValue)).")
    var frames: PretrainingSettings.Frames?
    @Option(help: "The fewest clients with which a round counts (default: all of them).")
    var quorum: Int?
    @Option(help: "Seed of all randomness; the same seed gives the same bits (default: \(defaults.seed)).")
    var seed: UInt64?

    @Option(help: "Threads, which do not change the result (default: one for each core).")
    var threads: Int?
    @Flag(help: "Print a JSON object a round on standard output.")
    var json = false
    @Flag(help: "Print nothing but errors on standard error.")
    var quiet = false

    /// The settings of a new run.
    func settings() throws(Failure) -> PretrainingSettings {
        var settings = PretrainingSettings()
        if let config { settings = try PretrainingSettings(contentsOf: URL(fileURLWithPath: config)) }
        func apply<Value>(_ value: Value?, to setting: WritableKeyPath<PretrainingSettings, Value>) {
            if let value { settings[keyPath: setting] = value }
        }
        // In full, so that the run goes on from any directory.
        apply(data.map { URL(fileURLWithPath: $0).path }, to: \.data)
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
        try settings.validate()
        return settings.resolved
    }

    /// The folder of a new run.
    var outputFolder: URL {
        if let output { return URL(fileURLWithPath: output) }
        let name = Date().formatted(.iso8601.dateSeparator(.omitted).timeSeparator(.omitted))
        let candidates = (1...1000).lazy.map { "runs/" + name + ($0 > 1 ? "-\($0)" : "") }
        return URL(fileURLWithPath: candidates.first { !FileManager.default.fileExists(atPath: $0) } ?? "runs/" + name)
    }

    /// Options that `--resume` does not take, because the run has them already.
    func settingsGiven() -> [String] {
        let given: [(String, Bool)] = [
            ("--data", data != nil), ("--output", output != nil), ("--config", config != nil),
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

    func validate() throws {
        if let threads, !(1...1024).contains(threads) {
            throw ValidationError("--threads \(threads): a number from 1 to 1024 is expected.")
        }
        if resume != nil, let other = settingsGiven().first {
            throw ValidationError("--resume takes the settings of the run itself; leave out \(other).")
        }
    }
}

extension FCLLoss.Negatives: ExpressibleByArgument {}
extension PretrainingSettings.Collaboration: ExpressibleByArgument {}
extension PretrainingSettings.BatchComposition: ExpressibleByArgument {}
extension PretrainingSettings.AugmentationStrength: ExpressibleByArgument {}
extension PretrainingSettings.KeyNormalization: ExpressibleByArgument {}
extension PretrainingSettings.Frames: ExpressibleByArgument {}
