import Foundation
import Volumes

/// The settings that all fine-tuning experiments share: which initial weights are compared, on what, and how networks are
/// trained.
public struct FineTuningSettings: Codable, Equatable, Sendable {
    /// The folder of patients.
    public var data = ""
    /// The initial weights that are compared: `random`, folders of pre-training runs, or files.
    public var starts: [String] = []
    /// Numbers of annotated patients (per client), N; one column of the table each.
    public var annotated = [1, 2, 4, 8]
    /// The folds to run, from 0.
    public var folds = [0]
    /// The number of folds that the patients (of each client) are divided into.
    public var foldCount = 5
    /// Seeds of decoder, order, and views.
    public var seeds: [UInt64] = [1]
    /// Learning rates; with several, the best one is chosen for each start on patients that no table sees.
    public var learningRates: [Float] = [4e-3]
    /// Learning rates of the encoder as fractions of those; with several, the best one is chosen likewise.
    public var encoderRates: [Float] = [1]
    /// All other training settings.
    public var plan = FineTuningPlan()
    /// Channels of the first level; that of the encoder, or 16, if absent.
    public var width: Int?
    /// Rows and columns of a slice; those of the encoder's images, or 192, if absent.
    public var size: Int?
    /// Pixel spacing in mm; that of the encoder's images, or 1.37, if absent.
    public var spacing: Double?

    /// The defaults.
    public init() {}

    /// Checks that a run can have these settings.
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
            !learningRates.isEmpty && learningRates.allSatisfy { $0.isFinite && $0 > 0 },
            "a list of positive numbers, such as 1e-3,4e-3,")
        try check(
            "encoderRates", list(encoderRates),
            !encoderRates.isEmpty && encoderRates.allSatisfy { (0...1).contains($0) },
            "a list of fractions from 0 to 1, such as 0.1,1,")
        try plan.validate()
        try check("width", width ?? 1, (1...256).contains(width ?? 1), "a number from 1 to 256")
        try PretrainingSettings.checkImages(size: size ?? 16, spacing: spacing ?? 1)
    }

    private func list(_ values: [some CustomStringConvertible]) -> String {
        values.map(\.description).joined(separator: ",")
    }
}

extension FineTuningSettings {
    /// The width of the networks and the preprocessing that fit all initial weights, so that they can be compared.
    ///
    /// What is not given follows from the pre-trained encoders; without any, it is 16, 192 pixels, and 1.37 mm.
    ///
    /// - Throws: `RunError` if the encoders differ in either, or from the settings.
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

    /// Checks that the clients of a split have enough patients to learn from.
    ///
    /// - Throws: `RunError.conflict`.
    func validate(for split: PatientSplit) throws(RunError) {
        let fewest =
            split.clients.map { client in client.count - (client.count + foldCount - 1) / foldCount }.min() ?? 0
        if let most = annotated.max(), most > fewest {
            throw .conflict(
                "--annotated \(most): a client has \(fewest) patients to learn from in \(foldCount) folds; lower it.")
        }
        if learningRates.count * encoderRates.count > 1, fewest < 2 {
            throw .conflict(
                "--learning-rate: to choose among several, a client needs two patients to learn from, and has \(fewest) "
                    + "in \(foldCount) folds; give one rate.")
        }
    }

    /// All trials of a run, those with few patients first and starts side by side, so that a run that was stopped has
    /// something to compare.
    func trials(
        of starts: [InitialWeights], mode: Trial.Mode, rates: [String: LearningRates], clients: Int
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
                                    client: client, rates: rates[start.name]!))
                        }
                    }
                }
            }
        }
        return trials
    }
}
