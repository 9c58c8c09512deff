import Foundation
import Segmentation
import Volumes

/// The settings shared by all fine-tuning experiments: the initial weights to compare, the data, and the training of
/// the networks.
public struct FineTuningSettings: Codable, Equatable, Sendable {
    /// The folder of patients.
    public var data = ""
    /// The initial weights to compare: `random`, folders of pre-training runs, or files.
    public var starts: [String] = []
    /// The numbers of annotated patients (per client), N; each is one column of the table.
    public var annotated = [1, 2, 4, 8]
    /// The folds to run, from 0.
    public var folds = [0]
    /// The number of folds into which the patients (of each client) are divided.
    public var foldCount = 5
    /// The seeds of decoder, order, and views.
    public var seeds: [UInt64] = [1]
    /// The learning rates; if there are several, the best one for each start and number of annotated patients is chosen
    /// on patients excluded from all tables; if there are none, the mode decides, see ``resolved(for:)``.
    public var learningRates: [Float] = []
    /// The learning rates of the encoder as fractions of those; if there are several, the best one is chosen
    /// likewise.
    public var encoderRates: [Float] = [1]
    /// All other training settings.
    public var plan = FineTuningPlan()
    /// The way in which the trained models label images; they are cleaned up only if the classes are those of ACDC.
    public var inference = Inference(testTimeViews: true, cleanUp: true)
    /// The number of rounds between two scores of a trial's model on the patients of the tables, for a curve; 0 for the
    /// last score alone.
    public var scoreEvery = 0
    /// The number of channels of the first level; by default, that of the encoder, or 16.
    public var width: Int?
    /// The number of rows and columns of a slice; by default, that of the encoder's images, or 144.
    public var size: Int?
    /// The pixel spacing, in mm; by default, that of the encoder's images, or 1.5.
    public var spacing: Double?

    /// Creates the default settings.
    public init() {}

    /// Checks that the settings are valid for a run.
    ///
    /// - Throws: `RunError` with the setting, its value, and the range.
    public func validate() throws(RunError) {
        if data.isEmpty { throw .conflict("--data is missing: the folder of patients, such as …/training.") }
        if starts.isEmpty {
            throw .conflict(
                "--init is missing: 'random', the folder of a pre-training run, or its encoder.safetensors.")
        }
        try check(
            "annotated", list(annotated),
            !annotated.isEmpty && annotated.allSatisfy { $0 > 0 } && Set(annotated).count == annotated.count,
            "a list of different positive numbers, such as 1,2,4,8,")
        try check("foldCount", foldCount, (2...100).contains(foldCount), "a number from 2 to 100")
        try check(
            "folds", list(folds),
            !folds.isEmpty && folds.allSatisfy { (0..<foldCount).contains($0) } && Set(folds).count == folds.count,
            "a list of different numbers from 0 to \(foldCount - 1), such as 0-\(foldCount - 1),")
        try check(
            "seeds", list(seeds), !seeds.isEmpty && Set(seeds).count == seeds.count,
            "a list of different numbers, such as 1,2,3,")
        try check(
            "learningRates", list(learningRates),
            learningRates.allSatisfy { $0.isFinite && $0 > 0 },
            "a list of positive numbers, such as 1e-3,4e-3,")
        try check(
            "encoderRates", list(encoderRates),
            !encoderRates.isEmpty && encoderRates.allSatisfy { (0...1).contains($0) },
            "a list of fractions from 0 to 1, such as 0.1,1,")
        try plan.validate()
        try check("scoreEvery", scoreEvery, scoreEvery >= 0, "a number of rounds, or 0 for never,")
        try check("width", width ?? 1, (1...256).contains(width ?? 1), "a number from 1 to 256")
        try PretrainingSettings.checkImages(size: size ?? 16, spacing: spacing ?? 1)
    }

    private func list(_ values: [some CustomStringConvertible]) -> String {
        values.map(\.description).joined(separator: ",")
    }
}

extension FineTuningSettings {
    /// Returns the width of the networks and the preprocessing that fit all initial weights, so that they can be
    /// compared.
    ///
    /// Missing values follow from the pre-trained encoders; without any encoder, they are 16, 144 pixels, and 1.5
    /// mm.
    ///
    /// - Throws: `RunError` if the encoders differ in either value, or from the settings.
    public func shape(of starts: [InitialWeights]) throws(RunError) -> (width: Int, preprocessing: Preprocessing) {
        let trained = starts.filter { $0.width != nil }
        if let first = trained.first, let other = trained.first(where: { $0.width != first.width }) {
            throw .conflict(
                "--init: the encoder '\(first.name)' has width \(first.width!) and '\(other.name)' \(other.width!); "
                    + "compare encoders of one width.")
        }
        if let width, let first = trained.first, first.width != width {
            throw .conflict(
                "--width \(width): the encoder '\(first.name)' has width \(first.width!); leave the option out.")
        }
        let prepared = trained.filter { $0.preprocessing != nil }
        if let first = prepared.first, let other = prepared.first(where: { $0.preprocessing != first.preprocessing }) {
            throw .conflict(
                "--init: the encoders '\(first.name)' and '\(other.name)' were trained on images prepared differently.")
        }
        var preprocessing = prepared.first?.preprocessing ?? Preprocessing()
        if let size { preprocessing.size = size }
        if let spacing { preprocessing.spacing = spacing }
        guard preprocessing.size.isMultiple(of: 16) else {
            throw .data(
                "the encoder's images have \(preprocessing.size) pixels a side, no multiple of 16; pass --size.")
        }
        return (width ?? trained.first?.width ?? 16, preprocessing)
    }

    /// Returns the same settings with the defaults that depend on the mode, so that `config.json` states them.
    ///
    /// Clients that train together have 4e-3 and ``AugmentationStrength/upright`` views, and a client that trains alone
    /// 2e-3 and ``AugmentationStrength/strong`` views: the fewer hearts a network sees, the more its views must vary.
    public func resolved(for mode: Trial.Mode) -> FineTuningSettings {
        var settings = self
        if learningRates.isEmpty { settings.learningRates = [mode == .local ? 2e-3 : plan.learningRate] }
        settings.plan.augmentation = plan.augmentation ?? (mode == .local ? .strong : .upright)
        return settings
    }

    /// Returns whether everything that was trained with `earlier` settings is part of a run with these: they are the same,
    /// but for starts, numbers of annotated patients, folds, or seeds at the end of those lists.
    ///
    /// A search of learning rates uses the first two seeds, so the second one cannot be added to it.
    func extends(_ earlier: FineTuningSettings) -> Bool {
        let isSearch = learningRates.count > 1 || encoderRates.count > 1
        var same = earlier
        (same.starts, same.annotated, same.folds, same.seeds) = (starts, annotated, folds, seeds)
        return same == self && starts.starts(with: earlier.starts) && annotated.starts(with: earlier.annotated)
            && folds.starts(with: earlier.folds) && seeds.starts(with: earlier.seeds)
            && (!isSearch || seeds.prefix(2) == earlier.seeds.prefix(2))
    }

    /// Checks that the clients of a split have enough patients to learn from, and every fold some to score.
    ///
    /// - Throws: `RunError.conflict`.
    func validate(for split: PatientSplit) throws(RunError) {
        let fewest = split.fewestTraining(folds: foldCount)
        if let most = annotated.max(), most > fewest {
            throw .conflict(
                "--annotated \(most): in \(foldCount) folds, a client learns from at most \(fewest); lower it.")
        }
        if let empty = folds.first(where: { split.scored(inFold: $0, of: foldCount).isEmpty }) {
            throw .conflict(
                "--folds \(empty): in \(foldCount) folds, no patient is left to score there; lower --fold-count.")
        }
        if learningRates.count * encoderRates.count > 1, fewest < 2 {
            throw .conflict(
                "--learning-rate: to choose among several, a client needs two patients to learn from, and has \(fewest) "
                    + "in \(foldCount) folds; give one rate.")
        }
    }

    /// Returns all trials of a run, those with few patients first and all starts in turn, so that a stopped run has
    /// something to compare.
    func trials(
        of starts: [InitialWeights], mode: Trial.Mode, clients: Int,
        rates: (_ start: String, _ annotated: Int) -> LearningRates
    ) -> [Trial] {
        var trials: [Trial] = []
        for annotated in annotated {
            for fold in folds {
                for seed in seeds {
                    for start in starts {
                        for client in mode == .local ? (0..<clients).map(Optional.some) : [nil] {
                            trials.append(
                                Trial(
                                    start: start.name, mode: mode, annotated: annotated, fold: fold, seed: seed,
                                    client: client, rates: rates(start.name, annotated)))
                        }
                    }
                }
            }
        }
        return trials
    }
}
