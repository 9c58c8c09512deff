import ArgumentParser
import Experiments
import Federation
import Foundation
import Tensor
import Volumes

/// Fine-tuning with few labels, scored by cross-validation: data → split → trials → tables.
@main
struct ACDCFineTune: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ACDCFineTune",
        abstract:
            "Fine-tunes U-Nets for the segmentation of cardiac MRI from a few annotated patients, and scores them.",
        discussion: """
            Every combination of start, number of annotated patients, fold and seed is one trial. Writes results.json \
            with the scores of every image, table.md, table.csv and report.html, and a model.safetensors for every \
            federated trial. A run that was stopped goes on by --resume.

            Exit codes: 0 done, 64 wrong options, 65 wrong data, 66 no input, 73 and 74 cannot write, 75 training \
            failed at a client, 130 and 143 stopped by a signal.
            """)

    @OptionGroup var arguments: Arguments

    func run() async throws {
        try await supervised("ACDCFineTune", quiet: arguments.training.quiet, fineTune)
    }

    @Sendable private func fineTune(_ progress: ProgressLine) async throws {
        let options = arguments.training
        let earlier = try options.resume.map { try RunFolder<Settings>(resuming: URL(fileURLWithPath: $0)) }
        let settings = try earlier?.settings ?? arguments.settings()
        let training = settings.training

        // Starts, and how images are prepared: as for the encoders.
        let starts = try Start.all(training.starts)
        let shape = try training.shape(of: starts)

        // Data, divided among clients as in pre-training.
        progress.show("reading \(training.data)")
        let acdc = try ACDC(contentsOf: URL(fileURLWithPath: training.data))
        let split = try settings.split(of: acdc.patients, starts: starts)
        try training.validate(for: split)
        let cases = try await LabelledCase.acdc(acdc, preparedBy: shape.preprocessing)
        progress.say(
            "\(acdc.patients.count) patients, \(cases.values.reduce(0) { $0 + $1.count }) labelled images at "
                + "\(split.clients.count) clients; read in \(ProgressLine.duration(progress.seconds))")

        // Trials, the learning rate of each start chosen first.
        let folder = try earlier ?? RunFolder(creating: URL(fileURLWithPath: options.output!), settings: settings)
        let runner = TrialRunner(
            folder: folder.url.appendingPathComponent("trials"), starts: starts, split: split, cases: cases,
            folds: training.foldCount, plan: training.plan, width: shape.width, preprocessing: shape.preprocessing,
            classes: ACDC.classNames, progress: progress)
        let log = TrialLog(progress: progress, json: options.json)
        let results = try await Parallel.$threadLimit.withValue(options.threads ?? Parallel.threadCount) {
            let rates = try await training.rates(of: starts, mode: settings.mode, by: runner, log: log)
            let trials = training.trials(
                of: starts, mode: settings.mode, rates: rates, clients: split.clients.count)
            return try await runner.run(trials) { log.tell($0, of: trials.count) }
        }

        // Tables.
        let report = FineTuningReport(results: results, settings: try settings.encoded())
        try report.write(
            to: folder, title: "Segmentation of cardiac MRI from few annotated patients", runner: runner)
        progress.say(report.markdown)
        progress.say("wrote \(folder.url.path)/results.json after \(ProgressLine.duration(progress.seconds))")
    }
}
