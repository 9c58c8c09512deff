import Tensor
import Volumes

/// Whether one start labels patients better than another: a test over patients who were labelled by both.
///
/// Each patient counts once, with the mean Dice over images, structures, seeds and clients. If the starts did not matter,
/// every difference might as well have had the other sign: p is the share of random signs with which the mean
/// difference is at least as far from 0 (two-sided; Fisher's randomisation test, 9,999 draws and the observed one).
/// Patients labelled by models that saw the same training patients are not independent, so p is a little too small.
package struct PairedComparison: Codable, Sendable {
    package let start: String
    package let other: String
    package let mode: Trial.Mode
    package let annotated: Int
    /// The mean over patients of the Dice with `start` less that with `other`.
    package let meanDifference: Double
    package let standardDeviation: Double?
    package let patients: Int
    package let p: Double

    /// - Returns: `nil` where no patient was labelled by both.
    package init?(of start: String, with other: String, mode: Trial.Mode, annotated: Int, in results: [TrialResult]) {
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
        p = Self.randomisationTest(differences)
    }

    static func randomisationTest(_ differences: [Double], draws: Int = 9_999) -> Double {
        let observed = abs(differences.reduce(0, +)) * (1 - 1e-12)
        var generator = SeededGenerator(seed: 0, path: Stream.comparison)
        var extreme = 1
        for _ in 0..<draws {
            let sum = differences.reduce(0.0) { generator.next() & 1 == 0 ? $0 + $1 : $0 - $1 }
            if abs(sum) >= observed { extreme += 1 }
        }
        return Double(extreme) / Double(draws + 1)
    }
}
