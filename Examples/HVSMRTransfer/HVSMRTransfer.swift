import ArgumentParser
import Experiments
import Foundation
import Tensor
import Volumes

/// Transfer to another data set: encoders pre-trained on one are fine-tuned on HVSMR 2016, data → split → trials → tables.
@main
struct HVSMRTransfer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "HVSMRTransfer",
        abstract: "Fine-tunes pre-trained encoders on a few annotated patients of HVSMR 2016, and scores them.",
        discussion: """
            Each combination of start, number of annotated patients, fold and seed is one trial; there are no clients. \
            Classes are myocardium and blood pool. Writes results.json with the scores of every image, table.md, \
            table.csv and report.html. A run that was stopped goes on by --resume.

            Exit codes: 0 done, 64 wrong options, 65 wrong data, 66 no input, 73 and 74 cannot write, 75 training \
            failed, 130 and 143 stopped by a signal.
            """)

    @OptionGroup var arguments: Arguments

    func run() async throws {
        try await supervised("HVSMRTransfer", quiet: arguments.training.quiet, transfer)
    }

    @Sendable private func transfer(_ progress: ProgressLine) async throws {
        let options = arguments.training
        let earlier = try options.resume.map { try RunFolder<Settings>(resuming: URL(fileURLWithPath: $0)) }
        let settings = try earlier?.settings ?? arguments.settings()
        let training = settings.training

        // Starts, and how images are prepared: as for the encoders.
        let starts = try Start.all(training.starts)
        let shape = try training.shape(of: starts)

        // Data, all at one site.
        progress.show("reading \(training.data)")
        let hvsmr = try HVSMR(contentsOf: URL(fileURLWithPath: training.data), release: settings.release)
        let split = PatientSplit(of: hvsmr.patients.map(\.id), clients: 1, seed: settings.splitSeed)
        try training.validate(for: split)
        let cases = try await LabelledCase.hvsmr(
            hvsmr, preparedBy: shape.preprocessing, slicing: settings.sliceAxis)
        let slices = cases.values.flatMap { $0 }.reduce(0) { $0 + $1.volume.sliceCount }
        progress.say(
            "\(hvsmr.patients.count) patients, \(slices) slices; read in \(ProgressLine.duration(progress.seconds))")

        // Trials, the learning rate of each start chosen first.
        let folder = try earlier ?? RunFolder(creating: URL(fileURLWithPath: options.output!), settings: settings)
        let runner = TrialRunner(
            folder: folder.url.appendingPathComponent("trials"), starts: starts, split: split, cases: cases,
            folds: training.foldCount, plan: training.plan, width: shape.width, preprocessing: shape.preprocessing,
            classes: HVSMR.classNames, progress: progress)
        let log = TrialLog(progress: progress, json: options.json)
        let results = try await Parallel.$threadLimit.withValue(options.threads ?? Parallel.threadCount) {
            let rates = try await training.rates(of: starts, mode: .local, by: runner, log: log)
            let trials = training.trials(of: starts, mode: .local, rates: rates, clients: 1)
            return try await runner.run(trials) { log.tell($0, of: trials.count) }
        }

        // Tables.
        let report = FineTuningReport(results: results, settings: try settings.encoded())
        try report.write(
            to: folder, title: "Transfer to HVSMR 2016", runner: runner)
        progress.say(report.markdown)
        progress.say("wrote \(folder.url.path)/results.json after \(ProgressLine.duration(progress.seconds))")
    }
}
