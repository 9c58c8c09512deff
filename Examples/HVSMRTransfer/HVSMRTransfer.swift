import ArgumentParser
import FederatedContrastive
import Support
import Volumes

/// Fine-tuning on HVSMR 2016 of encoders pre-trained on another data set: data → split → trials → tables.
@main
struct HVSMRTransfer: AsyncParsableCommand, Sendable {
    static let configuration = CommandConfiguration(
        commandName: "HVSMRTransfer",
        abstract: "Fine-tunes pre-trained encoders on a few annotated patients of HVSMR 2016, and scores them.",
        discussion: """
            Every combination of initial weights, number of annotated patients, fold, and seed is one trial; there are \
            no clients. The classes are myocardium and blood pool. Writes results.json with the scores of every image, \
            table.md, table.csv, and report.html. Pass --resume to continue a run that was stopped.

            Exit codes: 0 done, 64 wrong options, 65 wrong data, 66 no input, 73 and 74 cannot write, 75 training \
            failed, 130 and 143 stopped by a signal.
            """,
        version: Provenance.versionLine)

    struct DataOptions: SettingOptions {
        @Option(help: "The release to read if the folder holds several.")
        var release: HVSMR.Release?
        @Option(help: "The axis of the files along which slices are stacked (default: automatic).")
        var sliceAxis: HVSMR.SliceAxis?
        @Option(help: "Seed of the order in which patients are assigned to folds (default: 1).")
        var splitSeed: UInt64?
    }

    @OptionGroup var training: FineTuningOptions
    @OptionGroup var patients: DataOptions
    @OptionGroup var run: RunOptions

    func validate() throws { try run.check(training, patients) }

    func run() async throws {
        try await supervised("HVSMRTransfer", quiet: run.quiet) { progress in
            let folder: RunFolder<HVSMRTransferSettings> = try run.folder(
                training, patients, complete: { $0 = $0.resolved })
            try await crossValidate(in: folder, threads: run.threads, json: run.json, progress)
        }
    }
}
