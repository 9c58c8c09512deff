import Foundation
import Tensor
import Volumes

/// A cross-validated fine-tuning run: data → split → trials → tables.
///
/// ```swift
/// let run = try await CrossValidation(in: RunFolder(new: folder, settings: settings))
/// print(try await run.report().markdown)
/// ```
public struct CrossValidation<Settings: CrossValidationSettings>: Sendable {
    /// The folder of the run.
    public let folder: RunFolder<Settings>
    /// The runner of the trials.
    public let runner: TrialRunner
    /// A one-line summary for display.
    public let summary: String
    private let settings: FineTuningSettings
    private let starts: [InitialWeights]
    private let observer: TrainingObserver

    /// Creates a run, or continues an existing one.
    ///
    /// - Parameters:
    ///   - folder: The folder of the run.
    ///   - observer: A closure that is notified of steps, trials, and the choice of learning rates.
    /// - Throws: `RunError`, `VolumesError`, or `WeightsError` if settings, data, or initial weights cannot be used.
    public init(in folder: RunFolder<Settings>, observer: @escaping TrainingObserver = { _ in }) async throws {
        (self.folder, self.observer) = (folder, observer)
        settings = folder.settings.training.resolved(for: folder.settings.mode)
        starts = try InitialWeights.all(settings.starts)
        let shape = try settings.shape(of: starts)
        try settings.plan.memoryNeed(size: shape.preprocessing.size, width: shape.width).check(clients: 1)
        let patients = try await folder.settings.patients(of: starts, preparedBy: shape.preprocessing)
        let split = patients.split
        try settings.validate(for: split)
        try folder.prepare()
        try folder.write(split.file(folds: settings.foldCount), to: "split.json")
        let images = patients.cases.values.flatMap { $0 }
        summary =
            "\(patients.cases.count) patients, \(images.count) labelled images, "
            + "\(images.reduce(0) { $0 + $1.volume.sliceCount }) slices"
            + (split.clients.count > 1 ? " at \(split.clients.count) clients" : "")
        var runner = TrialRunner(
            folder: folder.url.appendingPathComponent("trials"), starts: starts, split: split, cases: patients.cases,
            folds: settings.foldCount, plan: settings.plan, inference: settings.inference,
            channels: patients.channels, width: shape.width, preprocessing: shape.preprocessing,
            classes: patients.classes, observer: observer)
        runner.scoreEvery = settings.scoreEvery
        self.runner = runner
    }

    /// Chooses the learning rates for each start and number of annotated patients, runs all trials, and writes
    /// `results.json`, `table.md`, and `table.csv`.
    ///
    /// - Throws: Any error of a trial; completed trials are on disk.
    public func report() async throws -> FineTuningReport {
        let mode = folder.settings.mode
        let rates = try await rates()
        let trials = settings.trials(of: starts, mode: mode, clients: runner.split.clients.count) { start, annotated in
            rates[annotated]![start]!
        }
        let observer = observer
        let results = try await runner.run(trials) { observer(.trial($0, total: trials.count)) }
        let report = FineTuningReport(results: results, transductive: transductive)
        try folder.write(report.json(settings: folder.settings), to: "results.json")
        try folder.write(Data(report.markdown.utf8), to: "table.md")
        try folder.write(Data(report.csv.utf8), to: "table.csv")
        if folder.settings.final {
            let annotated = settings.annotated.max()!
            let best = trials.first { $0.annotated == annotated }!
            try await writeFinalModel(like: best, card: ModelCard(report, annotated: annotated, runner: runner))
        }
        return report
    }

    /// The names of the initial weights whose pre-training saw patients that are scored.
    private var transductive: [String] {
        let scored = runner.split.clients.indices.flatMap { client in
            settings.folds.flatMap { runner.split.fold($0, of: settings.foldCount, client: client).validation }
        }
        return starts.filter { !$0.seen.isDisjoint(with: scored) }.map(\.name)
    }

    /// Trains a model on all patients, and writes it with its card to the run's folder.
    private func writeFinalModel(like trial: Trial, card: ModelCard) async throws {
        _ = try await runner.run(trial.final)
        guard let model = try runner.model(of: trial.final) else { preconditionFailure("the final model was not kept") }
        let file = folder.url.appendingPathComponent("model.safetensors")
        try model.write(to: file, provenance: "Fine-tuned: \(trial.final.title)")
        try folder.write(Data(card.markdown.utf8), to: "MODEL_CARD.md")
    }

    /// Returns the best learning rates, by number of annotated patients and start.
    private func rates() async throws -> [Int: [String: LearningRates]] {
        let mode = folder.settings.mode
        let candidates = settings.encoderRates.flatMap { encoder in
            settings.learningRates.map { LearningRates(decoder: $0, encoder: encoder) }
        }
        var rates: [Int: [String: LearningRates]] = [:]
        for annotated in settings.annotated {
            for start in starts {
                let trial = Trial(
                    start: start.name, mode: mode, annotated: annotated, fold: settings.folds[0],
                    seed: settings.seeds[0], rates: candidates[0])
                rates[annotated, default: [:]][start.name] = try await runner.bestRates(
                    among: candidates, seeds: settings.seeds.prefix(2), for: trial)
            }
        }
        return rates
    }
}
