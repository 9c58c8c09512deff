import Tensor
import Volumes

/// A paired comparison of two initial weights, over patients and over models.
///
/// Over patients: each patient that was segmented from both counts once, with the mean Dice over images, structures, seeds,
/// and clients. Patients segmented by the same models are not independent, so p says nothing about other models and is
/// too small as a statement about the method.
///
/// Over models: the trials of the two with the same fold, seed, and, where each client learns alone, client, are a pair. Ten
/// clients that learn alone share no training patient; folds share most of theirs, so p is somewhat too small there.
///
/// Both p-values are Fisher's randomization test: if the weights do not matter, every difference could equally have
/// the opposite sign, and p is the fraction of signs for which the mean difference is at least as far from 0 (two-sided).
/// Up to 13 differences, all signs are counted, so that five pairs cannot have less than 1/16; beyond, 9,999 random
/// ones and the observed one.
public struct PairedComparison: Codable, Sendable {
    /// The name of the initial weights.
    public let start: String
    /// The name of the initial weights they are compared to.
    public let other: String
    /// The mode: each client alone, or all together.
    public let mode: Trial.Mode
    /// The number of annotated patients, N.
    public let annotated: Int
    /// The mean over patients of the Dice with `start` minus the Dice with `other`.
    public let meanDifference: Double
    /// The standard deviation of the differences; `nil` for fewer than two patients.
    public let standardDeviation: Double?
    /// The number of patients.
    public let patients: Int
    /// The two-sided p-value over patients.
    public let p: Double
    /// The number of pairs of models.
    public let models: Int
    /// The number of those in which `start` has the higher Dice.
    public let modelsAhead: Int
    /// The two-sided p-value over pairs of models.
    public let modelP: Double

    /// Compares two initial weights.
    ///
    /// - Returns: `nil` if no patient was segmented from both.
    public init?(of start: String, with other: String, mode: Trial.Mode, annotated: Int, in results: [TrialResult]) {
        func trials(_ start: String) -> [TrialResult] {
            results.filter { $0.trial.start == start && $0.trial.mode == mode && $0.trial.annotated == annotated }
        }
        func byPatient(_ trials: [TrialResult]) -> [String: Double] {
            Dictionary(grouping: trials.flatMap(\.cases), by: \.patient)
                .compactMapValues { ScoreSummary($0.map(\.dice)).mean }
        }
        func byModel(_ trials: [TrialResult]) -> [[Int]: Double] {
            Dictionary(grouping: trials) {
                [$0.trial.fold, Int(truncatingIfNeeded: $0.trial.seed), $0.trial.client ?? -1]
            }.compactMapValues { ScoreSummary($0.map(\.dice)).mean }
        }
        let (own, others) = (trials(start), trials(other))
        let differences = Self.differences(byPatient(own), byPatient(others))
        let summary = ScoreSummary(differences)
        guard let mean = summary.mean else { return nil }
        (self.start, self.other, self.mode, self.annotated) = (start, other, mode, annotated)
        (meanDifference, standardDeviation, patients) = (mean, summary.standardDeviation, summary.count)
        p = Self.randomizationTest(differences)
        let models = Self.differences(byModel(own), byModel(others))
        (self.models, modelsAhead) = (models.count, models.count { $0 > 0 })
        modelP = Self.randomizationTest(models)
    }

    /// Returns the differences of the values with the same key, in the same order on every run.
    private static func differences<Key: Hashable>(_ own: [Key: Double], _ others: [Key: Double]) -> [Double] {
        own.compactMap { key, value in others[key].map { (key, value - $0) } }
            .sorted { "\($0.0)" < "\($1.0)" }.map(\.1)
    }

    static func randomizationTest(_ differences: [Double], draws: Int = 9_999) -> Double {
        let observed = abs(differences.reduce(0, +)) * (1 - 1e-12)
        func isExtreme(_ flips: () -> Bool) -> Bool {
            abs(differences.reduce(0.0) { flips() ? $0 - $1 : $0 + $1 }) >= observed
        }
        if differences.count <= 13 {
            let all = 1 << differences.count
            let extreme = (0..<all).count { signs in
                var rest = signs
                return isExtreme {
                    defer { rest >>= 1 }
                    return rest & 1 == 1
                }
            }
            return Double(extreme) / Double(all)
        }
        var generator = SeededGenerator(seed: 0, path: RandomStream.comparison)
        let extreme = (0..<draws).count { _ in isExtreme { generator.next() & 1 == 1 } }
        return Double(extreme + 1) / Double(draws + 1)
    }
}
