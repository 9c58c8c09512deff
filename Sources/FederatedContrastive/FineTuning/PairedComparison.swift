import Tensor
import Volumes

/// A paired comparison of two initial weights over the patients that were segmented from both.
///
/// Each patient counts once, with the mean Dice over images, structures, seeds, and clients. Under the null
/// hypothesis that the weights do not matter, every difference could equally have the opposite sign: p is the
/// fraction of random signs for which the mean difference is at least as far from 0 (two-sided; Fisher's
/// randomization test, 9,999 samples and the observed one). Patients segmented by models that saw the same training
/// patients are not independent, so p is slightly too small.
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
    /// The two-sided p-value.
    public let p: Double

    /// Compares two initial weights.
    ///
    /// - Returns: `nil` if no patient was segmented from both.
    public init?(of start: String, with other: String, mode: Trial.Mode, annotated: Int, in results: [TrialResult]) {
        func means(_ start: String) -> [String: Double] {
            let own = results.filter {
                $0.trial.start == start && $0.trial.mode == mode && $0.trial.annotated == annotated
            }
            let images = Dictionary(grouping: own.flatMap(\.cases), by: \.patient)
            return images.compactMapValues { ScoreSummary($0.map(\.dice)).mean }
        }
        let (first, second) = (means(start), means(other))
        let differences = first.keys.sorted().compactMap { patient in second[patient].map { first[patient]! - $0 } }
        let summary = ScoreSummary(differences)
        guard let mean = summary.mean else { return nil }
        (self.start, self.other, self.mode, self.annotated) = (start, other, mode, annotated)
        (meanDifference, standardDeviation, patients) = (mean, summary.standardDeviation, summary.count)
        p = Self.randomizationTest(differences)
    }

    static func randomizationTest(_ differences: [Double], draws: Int = 9_999) -> Double {
        let observed = abs(differences.reduce(0, +)) * (1 - 1e-12)
        var generator = SeededGenerator(seed: 0, path: RandomStream.comparison)
        var extreme = 1
        for _ in 0..<draws {
            let sum = differences.reduce(0.0) { generator.next() & 1 == 0 ? $0 + $1 : $0 - $1 }
            if abs(sum) >= observed { extreme += 1 }
        }
        return Double(extreme) / Double(draws + 1)
    }
}
