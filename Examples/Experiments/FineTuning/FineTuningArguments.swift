import ArgumentParser
import Foundation
import UNet

/// The part of a command line that all fine-tuning programs have.
package struct FineTuningArguments: ParsableArguments {
    @Option(help: "The folder of patients.", completion: .directory)
    package var data: String?
    @Option(
        name: .customLong("init"),
        help: ArgumentHelp(
            "Where training begins: 'random', the folder of a pre-training run, or a safetensors file; may be given "
                + "several times, and with a name for the tables: FCL=runs/fcl.", valueName: "start"))
    package var starts: [String] = []
    @Option(help: "Annotated patients, of each client where there are several (default: 1,2,4,8).")
    package var annotated: Numbers?
    @Option(help: "Folds to run, such as 0,1 or 0-4 (default: 0).")
    package var folds: Numbers?
    @Option(help: "Folds that the patients (of each client) are divided into (default: 5).")
    package var foldCount: Int?
    @Option(help: "Seeds of decoder, order and views, such as 1-3 (default: 1).")
    package var seeds: Numbers?
    @Option(help: "The folder for the run's files.", completion: .directory)
    package var output: String?
    @Option(help: "Go on with the run in this folder.", completion: .directory)
    package var resume: String?
    @Option(help: "A JSON file of settings; options given here go before it.", completion: .file())
    package var config: String?

    @Option(help: "Rounds; without federation, passes over the annotated slices (default: 100).")
    package var rounds: Int?
    @Option(help: "Passes over a client's slices in a round (default: 1).")
    package var localEpochs: Int?
    @Option(help: "Slices in a batch (default: 8).")
    package var batchSize: Int?
    @Option(
        help: ArgumentHelp(
            "Adam's rate behind the warm-up (default: 4e-3). With several, such as 1e-3,4e-3, the best is chosen for "
                + "every start on patients whose scores enter no table.", valueName: "rates"))
    package var learningRate: NumberList?
    @Option(
        help: ArgumentHelp(
            "The encoder's rate as a fraction of that (default: 1); 0 trains the decoder only. With several, the best "
                + "is chosen likewise.", valueName: "fractions"))
    package var encoderRate: NumberList?
    @Option(help: "Part of the steps in which the rate rises (default: 0.1).")
    package var warmUp: Float?
    @Option(help: "L2 penalty on the weights (default: 1e-5).")
    package var weightDecay: Float?
    @Option(help: "What is minimised (default: crossEntropyAndDice).")
    package var loss: SegmentationLoss?
    @Option(help: "Strength of the random views (default: weak).")
    package var augmentation: FineTuning.Strength?
    @Option(help: "Channels of the first level (default: that of the encoder, or 16).")
    package var width: Int?
    @Option(help: "Rows and columns of a slice (default: those of the encoder's images, or 192).")
    package var size: Int?
    @Option(help: "Distance between pixels in mm (default: that of the encoder's images, or 1.37).")
    package var spacing: Double?

    @Option(help: "Threads, which do not change the result (default: one for each core).")
    package var threads: Int?
    @Flag(help: "Print the result of every trial as a JSON line on standard output.")
    package var json = false
    @Flag(help: "Print nothing but errors on standard error.")
    package var quiet = false

    package init() {}

    /// The settings with what was given in place of their own.
    package func applied(to settings: FineTuningSettings) -> FineTuningSettings {
        var settings = settings
        func apply<Value>(_ value: Value?, to setting: WritableKeyPath<FineTuningSettings, Value>) {
            if let value { settings[keyPath: setting] = value }
        }
        // In full, so that the run goes on from any directory.
        apply(data.map { URL(fileURLWithPath: $0).path }, to: \.data)
        if !starts.isEmpty { settings.starts = starts.map(Start.absolute) }
        apply(annotated?.values, to: \.annotated)
        apply(folds?.values, to: \.folds)
        apply(foldCount, to: \.foldCount)
        apply(seeds.map { $0.values.map(UInt64.init) }, to: \.seeds)
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
        return settings
    }

    /// Throws if a run goes on and is given settings, these or the program's own, that it has already.
    package func refuse(_ others: [String]) throws {
        if resume != nil, let other = (settingsGiven + others).first {
            throw ValidationError("--resume takes the settings of the run itself; leave out \(other).")
        }
    }

    private var settingsGiven: [String] {
        let given: [(String, Bool)] = [
            ("--data", data != nil), ("--init", !starts.isEmpty), ("--annotated", annotated != nil),
            ("--folds", folds != nil), ("--fold-count", foldCount != nil),
            ("--seeds", seeds != nil), ("--output", output != nil), ("--config", config != nil),
            ("--rounds", rounds != nil), ("--local-epochs", localEpochs != nil), ("--batch-size", batchSize != nil),
            ("--learning-rate", learningRate != nil), ("--weight-decay", weightDecay != nil), ("--loss", loss != nil),
            ("--augmentation", augmentation != nil), ("--encoder-rate", encoderRate != nil),
            ("--warm-up", warmUp != nil), ("--width", width != nil),
            ("--size", size != nil), ("--spacing", spacing != nil),
        ]
        return given.filter(\.1).map(\.0)
    }

    package func validate() throws {
        if let threads, !(1...1024).contains(threads) {
            throw ValidationError("--threads \(threads): a number from 1 to 1024 is expected.")
        }
        if resume == nil, output == nil {
            throw ValidationError("--output is missing: the folder for the run's files.")
        }
    }
}
