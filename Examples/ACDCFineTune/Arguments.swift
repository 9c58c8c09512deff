import ArgumentParser
import Experiments
import Foundation
import UNet

/// The command line: what is given here goes before the file of `--config`, which goes before the defaults.
struct Arguments: ParsableArguments {
    @Option(help: "The folder of patients in the ACDC layout (…/training).", completion: .directory)
    var data: String?
    @Option(
        name: .customLong("init"),
        help: ArgumentHelp(
            "Where training begins: 'random', the folder of a pre-training run, or a safetensors file; may be given "
                + "several times, and with a name for the tables: FCL=runs/fcl.", valueName: "start"))
    var starts: [String] = []
    @Option(help: "Each client alone, or all together (default: federated). (values: local, federated)")
    var mode: Trial.Mode?
    @Option(help: "Annotated patients of each client (default: 1,2,4,8).")
    var annotated: Numbers?
    @Option(help: "Folds to run, such as 0,1 or 0-4 (default: 0).")
    var folds: Numbers?
    @Option(help: "Folds that each client's patients are divided into (default: 5).")
    var foldCount: Int?
    @Option(help: "Seeds of decoder, order and views, such as 1-3 (default: 1).")
    var seeds: Numbers?
    @Option(help: "The folder for the run's files.", completion: .directory)
    var output: String?
    @Option(help: "Go on with the run in this folder.", completion: .directory)
    var resume: String?
    @Option(help: "A JSON file of settings; options given here go before it.", completion: .file())
    var config: String?

    @Option(help: "Sites among which the patients are divided (default: 10).")
    var clients: Int?
    @Option(help: "The seed of that division: the seed of the pre-training (default: 1).")
    var splitSeed: UInt64?
    @Flag(help: "Divide the patients of every diagnosis equally among clients and folds.")
    var stratified = false
    @Option(help: "Rounds; for a client alone, passes over its slices (default: 100).")
    var rounds: Int?
    @Option(help: "Passes over a client's slices in a round (default: 1).")
    var localEpochs: Int?
    @Option(help: "Slices in a batch (default: 8).")
    var batchSize: Int?
    @Option(
        help: ArgumentHelp(
            "Adam's rate at the start (default: 4e-3). With several, such as 1e-3,4e-3, the best is chosen for every "
                + "start on patients whose scores enter no table.", valueName: "rates"))
    var learningRate: NumberList?
    @Option(
        help: ArgumentHelp(
            "The encoder's rate as a fraction of that (default: 1); 0 trains the decoder only. With several, the best "
                + "is chosen likewise.", valueName: "fractions"))
    var encoderRate: NumberList?
    @Option(help: "Part of the steps in which the rate rises (default: 0.1).")
    var warmUp: Float?
    @Option(help: "L2 penalty on the weights (default: 1e-5).")
    var weightDecay: Float?
    @Option(help: "What is minimised (default: crossEntropyAndDice).")
    var loss: SegmentationLoss?
    @Option(help: "Strength of the random views (default: weak).")
    var augmentation: FineTuning.Strength?
    @Option(help: "Channels of the first level (default: that of the encoder, or 16).")
    var width: Int?
    @Option(help: "Rows and columns of a slice (default: those of the encoder's images, or 192).")
    var size: Int?
    @Option(help: "Distance between pixels in mm (default: that of the encoder's images, or 1.37).")
    var spacing: Double?

    @Option(help: "Threads, which do not change the result (default: one for each core).")
    var threads: Int?
    @Flag(help: "Print the result of every trial as a JSON line on standard output.")
    var json = false
    @Flag(help: "Print nothing but errors on standard error.")
    var quiet = false

    /// The settings of a new run.
    func settings() throws(Failure) -> Settings {
        var settings = Settings()
        if let config { settings = try Settings(contentsOf: URL(fileURLWithPath: config)) }
        func apply<Value>(_ value: Value?, to setting: WritableKeyPath<Settings, Value>) {
            if let value { settings[keyPath: setting] = value }
        }
        // In full, so that the run goes on from any directory.
        apply(data.map { URL(fileURLWithPath: $0).path }, to: \.data)
        if !starts.isEmpty { settings.starts = starts.map(Start.absolute) }
        apply(mode, to: \.mode)
        apply(annotated?.values, to: \.annotated)
        apply(folds?.values, to: \.folds)
        apply(foldCount, to: \.foldCount)
        apply(seeds.map { $0.values.map(UInt64.init) }, to: \.seeds)
        apply(clients, to: \.clients)
        apply(splitSeed, to: \.splitSeed)
        if stratified { settings.stratified = true }
        apply(rounds, to: \.plan.rounds)
        apply(localEpochs, to: \.plan.localEpochs)
        apply(batchSize, to: \.plan.batchSize)
        apply(learningRate?.values, to: \.learningRates)
        apply(encoderRate?.values, to: \.encoderRates)
        apply(warmUp, to: \.plan.warmUp)
        apply(weightDecay, to: \.plan.weightDecay)
        apply(loss, to: \.plan.loss)
        apply(augmentation, to: \.plan.augmentation)
        apply(width.map(Optional.some), to: \.width)
        apply(size.map(Optional.some), to: \.size)
        apply(spacing.map(Optional.some), to: \.spacing)
        try settings.validate()
        return settings
    }

    /// Options that `--resume` does not take, because the run has them already.
    private var settingsGiven: [String] {
        let given: [(String, Bool)] = [
            ("--data", data != nil), ("--init", !starts.isEmpty), ("--mode", mode != nil),
            ("--annotated", annotated != nil), ("--folds", folds != nil), ("--fold-count", foldCount != nil),
            ("--seeds", seeds != nil), ("--output", output != nil), ("--config", config != nil),
            ("--clients", clients != nil), ("--split-seed", splitSeed != nil), ("--stratified", stratified),
            ("--rounds", rounds != nil), ("--local-epochs", localEpochs != nil), ("--batch-size", batchSize != nil),
            ("--learning-rate", learningRate != nil), ("--weight-decay", weightDecay != nil), ("--loss", loss != nil),
            ("--augmentation", augmentation != nil), ("--encoder-rate", encoderRate != nil),
            ("--warm-up", warmUp != nil), ("--width", width != nil),
            ("--size", size != nil), ("--spacing", spacing != nil),
        ]
        return given.filter(\.1).map(\.0)
    }

    func validate() throws {
        if let threads, !(1...1024).contains(threads) {
            throw ValidationError("--threads \(threads): a number from 1 to 1024 is expected.")
        }
        if resume != nil, let other = settingsGiven.first {
            throw ValidationError("--resume takes the settings of the run itself; leave out \(other).")
        }
        if resume == nil, output == nil {
            throw ValidationError("--output is missing: the folder for the run's files.")
        }
    }
}

/// `1,2,4` or `0-4` or both.
struct Numbers: ExpressibleByArgument {
    let values: [Int]

    init?(argument: String) {
        var values: [Int] = []
        for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
            guard let first = ends[0], ends.count <= 2, first >= 0 else { return nil }
            guard let last = ends.last!, last >= first, last - first < 1000 else { return nil }
            values += first...last
        }
        self.values = values
    }
}

/// `1e-3,4e-3`.
struct NumberList: ExpressibleByArgument {
    let values: [Float]

    init?(argument: String) {
        let values = argument.split(separator: ",", omittingEmptySubsequences: false).map { Float($0) }
        guard values.allSatisfy({ $0 != nil }) else { return nil }
        self.values = values.map { $0! }
    }
}

extension Trial.Mode: ExpressibleByArgument {}
extension SegmentationLoss: ExpressibleByArgument {}
extension FineTuning.Strength: ExpressibleByArgument {}
