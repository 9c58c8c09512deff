import ArgumentParser
import FederatedContrastive
import Federation
import Foundation
import UNet

/// The options shared by all fine-tuning programs.
public struct FineTuningOptions: SettingOptions {
    @Option(help: "The folder of patients: ACDC's layout, or nnU-Net's.", completion: .directory)
    var data: AbsolutePath?
    @Option(
        name: .customLong("init"),
        help: ArgumentHelp(
            "Initial weights: 'random', the folder of a pre-training run, or a safetensors file; may be given several "
                + "times, and with a name for the tables: FCL=runs/fcl.", valueName: "start"),
        transform: InitialWeights.absolute)
    var starts: [String] = []
    @Option(help: "Numbers of annotated patients, per client if there are several (default: 1,2,4,8).")
    var annotated: Numbers?
    @Option(help: "Folds to run, such as 0,1 or 0-4 (default: 0).")
    var folds: Numbers?
    @Option(help: "Number of folds into which the patients (of each client) are divided (default: 5).")
    var foldCount: Int?
    @Option(help: "Seeds of the decoder, order, and views, such as 1-3 (default: 1).")
    var seeds: Numbers?
    @Option(help: "Steps of every client, one batch each (default: 4800).")
    var steps: Int?
    @Option(help: "Steps between two averages of the clients' weights (default: 40).")
    var stepsPerRound: Int?
    @Option(help: "Instead of --steps, rounds of passes over the annotated slices.")
    var rounds: Int?
    @Option(help: "With --rounds, passes over a client's slices per round (default: 1).")
    var localEpochs: Int?
    @Option(help: "Slices in a batch (default: 2).")
    var batchSize: Int?
    @Flag(
        inversion: .prefixedNo,
        help: """
            Learn also from the images of the clients' other training patients, whose labels are not used: the average \
            of the weights labels them (default: off).
            """)
    var unlabelled: Bool?
    @Option(
        name: .customLong("learning-rate"),
        help: ArgumentHelp(
            "Adam's learning rate after the warm-up (default: 4e-3, of each client alone 2e-3). With several, such as 1e-3,4e-3, the best is "
                + "chosen for every start and number of annotated patients on patients that do not count toward the "
                + "tables.", valueName: "rates"))
    var learningRates: DecimalNumbers?
    @Option(
        name: .customLong("encoder-rate"),
        help: ArgumentHelp(
            "The encoder's learning rate as a fraction of that (default: 1); 0 freezes the encoder. With several, the "
                + "best is chosen in the same way.", valueName: "fractions"))
    var encoderRates: DecimalNumbers?
    @Option(help: "Fraction of the steps during which the learning rate rises (default: 0.1).")
    var warmUp: Float?
    @Option(help: "Weight decay (default: 0.01).")
    var weightDecay: Float?
    @Option(help: "How the weights shrink: apart from Adam's step, or as an L2 penalty (default: decoupled).")
    var decay: FineTuningPlan.Decay?
    @Option(
        help: """
            What the average of the weights keeps of itself per round, in the second half of the training (default: \
            0.9); 0 for the weights of the last round.
            """)
    var averaging: Float?
    @Option(
        help: ArgumentHelp(
            "How the server combines the clients' models: \(AggregationRule.expected) (default: fedAvg).",
            valueName: "rule[:parameter]"))
    var aggregation: AggregationRule?
    @Option(help: "Weight of FedProx's term, which keeps clients near the global model (default: 0, none).")
    var proximal: Float?
    @Option(help: "For an experiment on robustness, the clients that lie: the first so many (default: 0).")
    var liars: Int?
    @Option(
        parsing: .unconditional, help: "The factor by which those multiply their steps (default: -1, the reverse).")
    var lieFactor: Float?
    @Option(help: "Training loss (default: crossEntropyAndDice).")
    var loss: SegmentationLoss?
    @Option(help: "Strength of the random views (default: upright, of each client alone strong).")
    var augmentation: AugmentationStrength?
    @Option(
        help: "Rounds between two scores of a trial, for a curve in results.json (default: 0, the last score alone).")
    var scoreEvery: Int?
    @Option(help: "Channels of the first level (default: that of the encoder, or 16).")
    var width: Int?
    @Option(help: "Rows and columns of a slice (default: those of the encoder's images, or 144).")
    var size: Int?
    @Option(help: "Pixel spacing in mm (default: that of the encoder's images, or 1.5).")
    var spacing: Double?
    @Flag(inversion: .prefixedNo, help: "Label the mean of six views of an image (default: on).")
    var testTimeViews: Bool?
    @Flag(
        inversion: .prefixedNo,
        help: "Remove from the labels what no heart has; for the classes of a heart (default: on).")
    var cleanUp: Bool?

    /// Creates the options without values.
    public init() {}
}

/// The options shared by all programs that work in a run folder.
public struct RunOptions: ParsableArguments, Sendable {
    /// The folder of a new run.
    @Option(help: "The folder for the run's files.", completion: .directory)
    public var output: String?
    /// The folder of a run to continue.
    @Option(help: "Continue the run in this folder.", completion: .directory)
    public var resume: String?
    /// A file of settings.
    @Option(help: "A JSON file of settings; options given here take precedence.", completion: .file())
    public var config: String?
    /// The number of threads.
    @Option(help: "Number of threads, which does not change the result (default: one per core).")
    public var threads: Int?
    /// Whether to print JSON.
    @Flag(help: "Print a JSON line per round or trial on standard output.")
    public var json = false
    /// Whether to print errors only.
    @Flag(help: "Print nothing but errors on standard error.")
    public var quiet = false

    /// Creates the options without values.
    public init() {}

    /// Checks the number of threads.
    public func validate() throws {
        if let threads, !(1...1024).contains(threads) {
            throw ValidationError("--threads \(threads): a number from 1 to 1024 is expected.")
        }
    }

    /// Checks that no settings are given for a resumed run, which has its own.
    ///
    /// - Throws: A `ValidationError` that names the option.
    public func check(_ options: any SettingOptions...) throws {
        let own = [("--output", output), ("--config", config)].filter { $0.1 != nil }.map(\.0)
        if resume != nil, let other = (options.flatMap(\.given) + own).first {
            throw ValidationError("--resume takes the settings of the run itself; leave out \(other).")
        }
    }

    /// Returns the folder of the run, whether resumed or new.
    ///
    /// - Parameters:
    ///   - options: The options that replace settings.
    ///   - defaultOutput: The folder to use without `--output`; if `nil`, the option is required.
    ///   - complete: A closure that fills in settings that follow from others.
    /// - Throws: `RunError` if the folder or the settings cannot be used.
    public func folder<Settings: RunSettings>(
        _ options: any SettingOptions..., defaultOutput: URL? = nil, complete: (inout Settings) -> Void = { _ in }
    ) throws -> RunFolder<Settings> {
        if let resume { return try RunFolder(resuming: URL(fileURLWithPath: resume)) }
        guard let output = output.map({ URL(fileURLWithPath: $0) }) ?? defaultOutput else {
            throw Failure.usage("--output is missing: the folder for the run's files.")
        }
        var settings = try config.map { try Settings(contentsOf: URL(fileURLWithPath: $0)) } ?? Settings()
        for options in options { settings = try options.applied(to: settings) }
        try settings.validate()
        complete(&settings)
        return try RunFolder(new: output, settings: settings)
    }
}
