import Federation
import FileIO
import Foundation
import Segmentation
import Tensor
import Volumes

/// A runner of trials, each in its own folder: data → sites → rounds → scores. Stopped trials continue with bitwise
/// identical results.
public struct TrialRunner: Sendable {
    /// The folder that contains the trials' folders.
    public let folder: URL
    /// The initial weights by name.
    public let starts: [String: InitialWeights]
    /// The patients of each client.
    public let split: PatientSplit
    /// The labeled images of each patient.
    public let cases: [String: [LabelledCase]]
    /// The number of folds.
    public let folds: Int
    /// The training recipe.
    public let plan: FineTuningPlan
    /// The way in which the trained models label images.
    public let inference: Inference
    /// The number of channels of an image.
    public let channels: Int
    /// The number of channels of the networks' first level.
    public let width: Int
    /// The preprocessing of the images.
    public let preprocessing: Preprocessing
    /// The names of the classes, the background first.
    public let classes: [String]
    /// The number of rounds between two scores in the course of a trial; 0 for none.
    public var scoreEvery = 0
    /// The maximum amount of work that a trial loses when stopped.
    public var checkpointInterval = Duration.seconds(60)
    private let observer: TrainingObserver

    /// Creates a runner of trials on labeled patients.
    public init(
        folder: URL, starts: [InitialWeights], split: PatientSplit, cases: [String: [LabelledCase]], folds: Int,
        plan: FineTuningPlan, inference: Inference, channels: Int = 1, width: Int, preprocessing: Preprocessing,
        classes: [String],
        observer: @escaping TrainingObserver = { _ in }
    ) {
        self.starts = Dictionary(uniqueKeysWithValues: starts.map { ($0.name, $0) })
        (self.folder, self.split, self.cases, self.folds, self.plan) = (folder, split, cases, folds, plan)
        self.inference = Inference(
            testTimeViews: inference.testTimeViews,
            cleanUp: inference.cleanUp && CardiacLabels(classNames: classes) != nil)
        (self.channels, self.width, self.preprocessing) = (channels, width, preprocessing)
        (self.classes, self.observer) = (classes, observer)
    }

    // MARK: Many trials

    /// Runs trials and returns their results in the same order.
    ///
    /// Trials of single clients run in parallel and divide the threads among them; federated trials use all threads
    /// and run one after the other.
    ///
    /// - Throws: Any error of a trial.
    public func run(
        _ trials: [Trial], finished: @escaping @Sendable (TrialResult) -> Void = { _ in }
    ) async throws -> [TrialResult] {
        let alone = trials.indices.filter { trials[$0].client != nil }
        var results = [Int: TrialResult]()
        let found = try await Parallel.map(alone.count, workers: Parallel.threadCount) { position in
            let result = try await run(trials[alone[position]])
            finished(result)
            return result
        }
        for (index, result) in zip(alone, found) { results[index] = result }
        for index in trials.indices where trials[index].client == nil {
            let result = try await run(trials[index])
            finished(result)
            results[index] = result
        }
        return trials.indices.map { results[$0]! }
    }

    /// Returns the learning rates with which a trial performs best on patients excluded from all tables.
    ///
    /// Each pair of rates is scored on the inner validation patients (`patients(of:in:)`) of all clients, with several
    /// seeds. Rates with which training fails are dropped.
    ///
    /// - Throws: `RunError.data` if training fails with all of them; any error of a trial.
    func bestRates(
        among candidates: [LearningRates], seeds: some Collection<UInt64>, for trial: Trial
    ) async throws -> LearningRates {
        if candidates.count == 1 { return candidates[0] }
        var best: (rates: LearningRates, dice: Double)?
        let clients: [Int?] = trial.mode == .local ? split.clients.indices.map { $0 } : [nil]
        for rates in candidates {
            let dice: Double
            do {
                let searches = seeds.flatMap { seed in
                    clients.map { trial.search(rates, seed: seed, client: $0) }
                }
                let results = try await run(searches)
                dice = results.reduce(0) { $0 + ($1.dice ?? 0) } / Double(results.count)
            } catch let error as FederationError {
                guard case .quorumLost = error else { throw error }
                observer(.message("\(trial.start), N=\(trial.annotated): \(rates) fails: \(error)"))
                continue
            }
            let score = dice.formatted(.number.precision(.fractionLength(3)).locale(Locale(identifier: "en_US")))
            observer(
                .message("\(trial.start), N=\(trial.annotated): \(rates) gives Dice \(score) on inner patients"))
            if dice > best?.dice ?? -1 { best = (rates, dice) }
        }
        guard let best else {
            throw RunError.data("\(trial.start): training fails with every learning rate; try lower ones.")
        }
        return best.rates
    }

    // MARK: One trial

    /// Returns the result of a trial, which is read if it exists, and otherwise trained and scored.
    ///
    /// A trial that is stopped, by cancellation or by force, continues from its last checkpoint with bitwise
    /// identical results.
    ///
    /// - Throws: `FederationError`, `WeightsError`, `VolumesError`, `RunError`, or `CancellationError`.
    public func run(_ trial: Trial) async throws -> TrialResult {
        let home = folder.appendingPathComponent(trial.id)
        let file = home.appendingPathComponent("result.json")
        if let known = try? JSONDecoder().decode(TrialResult.self, from: Data(contentsOf: file)), known.trial == trial {
            return known
        }
        let start = ContinuousClock.now
        let (model, sites) = try prepare(trial)
        var store = try RunStore(directory: home, milestone: nil)
        let checkpoint = try store.checkpoint()
        if let checkpoint { try await restore(sites, from: checkpoint, like: model.parameters) }
        let clients = sites.enumerated().map { index, site -> any Client in
            if index < plan.liars { return LyingClient(site, factor: plan.lieFactor) }
            return site
        }
        // Those who lie may be refused.
        var server = try FineTuningServer(
            clients: clients, model: model, plan: plan, quorum: max(1, sites.count - plan.liars),
            concurrency: min(Parallel.threadCount, sites.count), checkpoint: checkpoint)
        var curve = TrialCurve(file: home.appendingPathComponent("curve.json"), until: server.round)
        try await server.run(
            store: &store, savingEvery: checkpointInterval,
            state: {
                var states = Safetensors()
                for site in sites { states.insert(await site.state, under: site.id + ".") }
                return [Self.stateFile: states.data]
            },
            review: { round, model in
                guard scoreEvery > 0, round % scoreEvery == 0, !trial.isSearch, !trial.isFinal else { return }
                let dice = TrialResult(
                    trial: trial, cases: try await score(model, on: validation(of: trial)), seconds: 0
                ).dice
                let bytes = 2 * round * sites.count * model.parameters.byteCount
                try curve.add(.init(round: round, megabytes: Double(bytes) / 1e6, dice: dice))
            })
        let trained = server.model
        let scores = try await score(trained, on: validation(of: trial))
        let result = TrialResult(
            trial: trial, cases: scores, seconds: (ContinuousClock.now - start) / .seconds(1),
            curve: curve.points.isEmpty ? nil : curve.points)
        if (trial.mode == .federated || split.clients.count == 1) && !trial.isSearch {
            try trained.write(
                to: home.appendingPathComponent("model.safetensors"), provenance: "Fine-tuned: \(trial.title)")
        }
        let json = try JSON.encoded(result)
        do throws(FileError) { try DurableFile.write(json, to: file) } catch {
            throw RunError.unwritable("\(error)")
        }
        // The result is saved, so the checkpoints are no longer needed.
        try? FileManager.default.removeItem(at: home.appendingPathComponent("checkpoints"))
        return result
    }

    /// Returns the model of a completed trial, if it was kept.
    ///
    /// - Throws: `WeightsError` or `SegmentationError` if its file is damaged.
    public func model(of trial: Trial) throws -> SegmentationModel? {
        let file = folder.appendingPathComponent("\(trial.id)/model.safetensors")
        return FileManager.default.fileExists(atPath: file.path) ? try SegmentationModel(contentsOf: file) : nil
    }

    /// Returns the training loss of each round of a trial.
    public func losses(of trial: Trial) -> [Double] {
        let file = folder.appendingPathComponent("\(trial.id)/rounds.jsonl")
        guard let journal = try? Data(contentsOf: file) else { return [] }
        return journal.split(separator: 0x0A).map { line in
            (try? JSONDecoder().decode(RoundReport.self, from: line))?.metrics[.loss] ?? .nan
        }
    }

    /// Returns the patients that a client trains on in a trial with their labels and without, and those on which the
    /// model is scored.
    ///
    /// In a learning rate search, the last two patients of the training part are scored, or the last one if there are
    /// only two, and never those of the validation part. They may be annotated patients if N is large, in which case
    /// they are not used for training. The images of patients that are scored are never trained on.
    func patients(
        of client: Int, in trial: Trial
    ) -> (annotated: [String], unlabelled: [String], scored: [String]) {
        if trial.isFinal { return (split.clients[client], [], []) }
        let fold = split.fold(trial.fold, of: folds, client: client)
        let inner = trial.isSearch ? fold.training.suffix(fold.training.count > 2 ? 2 : 1) : []
        let training = fold.training.dropLast(inner.count)
        return (
            Array(training.prefix(trial.annotated)), Array(training.dropFirst(trial.annotated)),
            trial.isSearch ? Array(inner) : fold.validation
        )
    }

    /// Returns the images on which a trial is scored: those of the fold's validation patients of all clients.
    private func validation(of trial: Trial) -> [LabelledCase] {
        split.clients.indices.flatMap { patients(of: $0, in: trial).scored }.flatMap { cases[$0] ?? [] }
    }

    private func prepare(_ trial: Trial) throws -> (SegmentationModel, [FineTuningSite]) {
        guard let start = starts[trial.start] else { preconditionFailure("no initial weights '\(trial.start)'") }
        var model = try start.model(
            channels: channels, width: width, preprocessing: preprocessing, classes: classes, seed: trial.seed)
        model.inference = inference
        var plan = plan
        (plan.learningRate, plan.encoderRate) = (trial.learningRate, trial.encoderRate)
        let clients = trial.client.map { [$0] } ?? Array(split.clients.indices)
        let members = clients.map { client in
            let patients = patients(of: client, in: trial)
            return (
                client, LabelledSlices(patients.annotated.flatMap { cases[$0] ?? [] }),
                patients.unlabelled.flatMap { cases[$0] ?? [] }.map(\.volume)
            )
        }
        let steps = members.reduce(0) { $0 + plan.totalSteps(batches: $1.1.steps(batchSize: plan.batchSize)) }
        let counter = StepCounter(steps: steps, observer: observer)
        let sites = members.map { client, slices, unlabelled in
            FineTuningSite(
                index: client, slices: slices, unlabelled: unlabelled, model: model, plan: plan, seed: trial.seed
            ) {
                counter.advance(trial.title, loss: $0)
            }
        }
        return (model, sites)
    }

    private func restore(
        _ sites: [FineTuningSite], from checkpoint: Checkpoint, like parameters: Parameters
    ) async throws {
        let states = try checkpoint.weights(Self.stateFile)
        for site in sites { try await site.restore(states.part(under: site.id + "."), for: parameters) }
    }

    private static let stateFile = "sites.safetensors"

    /// Returns the scores of a model on some images, on their native grids.
    private func score(_ model: SegmentationModel, on cases: [LabelledCase]) async throws -> [TrialResult.CaseScore] {
        try await Parallel.map(cases.count, workers: Parallel.threadCount) { index in
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
    }
}
