import Federation
import Foundation
import Tensor
import Volumes

/// Runs trials, one folder each, and goes on with those that were stopped: data → sites → rounds → scores.
package struct TrialRunner: Sendable {
    /// The folder under which every trial has its own.
    package let folder: URL
    package let starts: [String: Start]
    package let split: PatientSplit
    /// The labelled images of each patient.
    package let cases: [String: [LabelledCase]]
    package let folds: Int
    package let plan: FineTuning
    package let width: Int
    package let preprocessing: Preprocessing
    package let classes: [String]
    package let progress: ProgressLine
    /// How much work a trial loses at most when it is stopped.
    package var checkpointInterval = Duration.seconds(60)

    package init(
        folder: URL, starts: [Start], split: PatientSplit, cases: [String: [LabelledCase]], folds: Int,
        plan: FineTuning, width: Int, preprocessing: Preprocessing, classes: [String], progress: ProgressLine
    ) {
        self.starts = Dictionary(uniqueKeysWithValues: starts.map { ($0.name, $0) })
        (self.folder, self.split, self.cases, self.folds, self.plan) = (folder, split, cases, folds, plan)
        (self.width, self.preprocessing, self.classes, self.progress) = (width, preprocessing, classes, progress)
    }

    /// The result of a trial: read if it is there, else trained and scored.
    ///
    /// A trial that is stopped, by cancellation or by force, goes on from its last checkpoint with the same bits.
    package func run(_ trial: Trial) async throws -> TrialResult {
        let home = folder.appendingPathComponent(trial.id)
        let file = home.appendingPathComponent("result.json")
        if let known = try? JSONDecoder().decode(TrialResult.self, from: Data(contentsOf: file)), known.trial == trial {
            return known
        }
        let start = ContinuousClock.now
        let (model, sites) = try prepare(trial)
        var store = try RunStore(directory: home)
        var federation = try await federation(of: sites, from: model, at: store.checkpoint())
        var saved = ContinuousClock.now
        while federation.round < plan.rounds {
            try Task.checkCancellation()
            let report = try await federation.runRound()
            // Alone in its federation, a client whose training fails loses the quorum; the reason is its own.
            try store.record(report)
            let isLast = federation.round == plan.rounds
            if isLast || ContinuousClock.now - saved > checkpointInterval {
                try store.save(await checkpoint(federation.parameters, sites))
                saved = .now
            }
        }
        var trained = model
        trained.parameters = federation.parameters
        let scores = try await score(trained, on: validation(of: trial))
        let result = TrialResult(trial: trial, cases: scores, seconds: (ContinuousClock.now - start).seconds)
        if (trial.mode == .federated || split.clients.count == 1) && !trial.isSearch {
            try trained.write(
                to: home.appendingPathComponent("model.safetensors"), provenance: "Fine-tuned: \(trial.title)")
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        try encoder.encode(result).write(to: file, options: .atomic)
        // The result is there: what the trial would have gone on from is no longer needed.
        try? FileManager.default.removeItem(at: home.appendingPathComponent("checkpoints"))
        return result
    }

    // MARK: Who learns from what

    /// The clients that take part.
    private func clients(of trial: Trial) -> [Int] { trial.client.map { [$0] } ?? Array(split.clients.indices) }

    /// A client's annotated patients, and those that its model is scored on.
    ///
    /// In a search of the learning rate the last two patients of the training part are scored, or the last one where
    /// there are only two, and never those of the validation part. They may be annotated patients where N is large;
    /// those then do not train.
    package func patients(of client: Int, in trial: Trial) -> (annotated: [String], scored: [String]) {
        let fold = split.fold(trial.fold, of: folds, client: client)
        guard trial.isSearch else { return (Array(fold.training.prefix(trial.annotated)), fold.validation) }
        let inner = fold.training.suffix(fold.training.count > 2 ? 2 : 1)
        return (Array(fold.training.dropLast(inner.count).prefix(trial.annotated)), Array(inner))
    }

    /// The images on which a trial is scored: those of the fold's validation patients of all clients.
    private func validation(of trial: Trial) -> [LabelledCase] {
        split.clients.indices.flatMap { patients(of: $0, in: trial).scored }.flatMap { cases[$0] ?? [] }
    }

    private func prepare(_ trial: Trial) throws -> (SegmentationModel, [FineTuningSite]) {
        guard let start = starts[trial.start] else { preconditionFailure("no start is called '\(trial.start)'") }
        let model = try start.model(width: width, preprocessing: preprocessing, classes: classes, seed: trial.seed)
        var plan = plan
        (plan.learningRate, plan.encoderRate) = (trial.learningRate, trial.encoderRate)
        let members = clients(of: trial).map { client in
            (client, LabelledSlices(patients(of: client, in: trial).annotated.flatMap { cases[$0] ?? [] }))
        }
        let steps = members.reduce(0) { $0 + $1.1.steps(batchSize: plan.batchSize) } * plan.localEpochs * plan.rounds
        let meter = TrialMeter(title: trial.title, steps: steps, progress: progress)
        return (
            model,
            members.map { client, slices in
                FineTuningSite(
                    index: client, slices: slices, network: model.network, plan: plan, seed: trial.seed,
                    advanced: meter.advance)
            }
        )
    }

    // MARK: What a trial left

    /// The trained model, where it was kept.
    package func model(of trial: Trial) throws -> SegmentationModel? {
        let file = folder.appendingPathComponent("\(trial.id)/model.safetensors")
        return FileManager.default.fileExists(atPath: file.path) ? try SegmentationModel(contentsOf: file) : nil
    }

    /// The training loss of each round.
    package func losses(of trial: Trial) -> [Double] {
        let file = folder.appendingPathComponent("\(trial.id)/rounds.jsonl")
        guard let journal = try? Data(contentsOf: file) else { return [] }
        return journal.split(separator: 0x0A).map { line in
            (try? JSONDecoder().decode(RoundReport.self, from: line))?.metrics["loss"] ?? .nan
        }
    }

    // MARK: State

    private func federation(
        of sites: [FineTuningSite], from model: SegmentationModel, at checkpoint: Checkpoint?
    ) async throws -> Federation {
        var parameters = model.parameters
        if let checkpoint {
            parameters = try checkpoint.model(like: parameters)
            let optimizers = try checkpoint.weights("optimizers.safetensors")
            for site in sites { try await site.restore(optimizers.part(under: site.id + "."), for: parameters) }
        }
        return Federation(
            clients: sites, parameters: parameters, round: checkpoint?.round ?? 0, quorum: sites.count,
            concurrency: min(Parallel.threadLimit ?? Parallel.threadCount, sites.count))
    }

    private func checkpoint(_ parameters: Parameters, _ sites: [FineTuningSite]) async -> [String: Data] {
        var optimizers = Safetensors()
        for site in sites { optimizers.insert(await site.optimizer.state, under: site.id + ".") }
        return ["model.safetensors": parameters.safetensors().data, "optimizers.safetensors": optimizers.data]
    }

    // MARK: Scores

    /// The scores of a model for some images, on their native grids.
    private func score(_ model: SegmentationModel, on cases: [LabelledCase]) async throws -> [TrialResult.CaseScore] {
        let workers = Parallel.threadLimit ?? Parallel.threadCount
        let scores = try await inParallel(cases.count, workers: workers) { index in
            try Task.checkCancellation()
            let example = cases[index]
            let reference = try example.reference()
            let prediction = model.labels(of: example.volume)
            let structures = model.classes.indices.dropFirst().map { label in
                (
                    model.classes[label],
                    StructureScore.compare(prediction: prediction, reference: reference, label: label)
                )
            }
            return TrialResult.CaseScore(
                patient: example.patient, frame: example.frame,
                structures: Dictionary(uniqueKeysWithValues: structures))
        }
        return scores
    }
}
