import ArgumentParser
import FederatedContrastive
import Support

/// Fine-tuning with few labels, scored by cross-validation: data → split → trials → tables.
@main
struct ACDCFineTune: AsyncParsableCommand, Sendable {
    static let configuration = CommandConfiguration(
        commandName: "ACDCFineTune",
        abstract:
            "Fine-tunes U-Nets for cardiac MRI segmentation with a few annotated patients, and scores them.",
        discussion: """
            Every combination of initial weights, number of annotated patients, fold, and seed is one trial. Writes \
            results.json with the scores of every image, table.md, table.csv, and report.html, and a model.safetensors \
            for every federated trial. Pass --resume to continue a run that was stopped.

            Exit codes: 0 done, 64 wrong options, 65 wrong data, 66 no input, 73 and 74 cannot write, 75 training \
            failed at a client, 130 and 143 stopped by a signal.
            """,
        version: Provenance.versionLine)

    struct SplitOptions: SettingOptions {
        @Option(help: "Train each client alone, or all together (default: federated).")
        var mode: Trial.Mode?
        @Option(help: "Number of sites among which the patients are divided (default: 10).")
        var clients: Int?
        @Option(help: "Seed of that division; use the seed of the pre-training (default: 1).")
        var splitSeed: UInt64?
        @Option(
            help: ArgumentHelp(
                "How the patients are divided: \(PartitionRule.expected) (default: iid).", valueName: "rule"))
        var partition: PartitionRule?
        @Option(
            name: .customLong("split"),
            help:
                "A JSON file with the patients of each client, and of each fold, such as nnU-Net's splits_final.json.",
            completion: .file())
        var splitFile: AbsolutePath?
        @Flag(inversion: .prefixedNo, help: "Divide the patients of every diagnosis equally among clients and folds.")
        var stratified: Bool?
        @Flag(
            inversion: .prefixedNo,
            help: "Also train a model on all patients, for use, and write model.safetensors and MODEL_CARD.md.")
        var final: Bool?
    }

    @OptionGroup var training: FineTuningOptions
    @OptionGroup var split: SplitOptions
    @OptionGroup var run: RunOptions

    func validate() throws { try run.check(training, split) }

    func run() async throws {
        try await supervised("ACDCFineTune", quiet: run.quiet) { progress in
            let folder: RunFolder<ACDCFineTuningSettings> = try run.folder(
                training, split, complete: { $0 = $0.resolved })
            try await crossValidate(in: folder, threads: run.threads, json: run.json, progress)
        }
    }
}
