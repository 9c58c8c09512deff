import Foundation
import Volumes

/// The card of a model for use: what it is, what it learned from, how well models trained likewise did on other
/// patients, and what it is not for. Markdown.
///
/// Source: Mitchell et al., "Model cards for model reporting", FAT* 2019, for the sections.
struct ModelCard: Sendable {
    private let results: [TrialResult]
    private let runner: TrialRunner
    private let annotated: Int
    /// Whether pre-training saw images of the scored patients.
    private let transductive: Bool

    /// Creates the card of a model from the cross-validated results with `annotated` patients per client.
    init(_ report: FineTuningReport, annotated: Int, runner: TrialRunner) {
        (self.annotated, self.runner, transductive) = (annotated, runner, !report.transductive.isEmpty)
        results = report.results.filter { $0.trial.annotated == annotated }
    }

    /// The card.
    var markdown: String {
        [
            "# Model card", "", purpose, "", "## Training data", "", data, "", "## Training", "", training, "",
            "## Scores", "", scores, "", table("Structure", structures), "", table("Diagnosis", diagnoses), "",
            "## Limits", "", limits,
        ].joined(separator: "\n") + "\n"
    }

    private var purpose: String {
        let names = runner.classes.dropFirst().joined(separator: ", ")
        return """
            A two-dimensional U-Net of width \(runner.width) that labels short-axis cardiac MRI: \(names). For research \
            only; it is not a medical device, and nobody has shown that its numbers are fit for decisions about patients.
            """
    }

    private var data: String {
        let cases = runner.cases.values.flatMap { $0 }
        return """
            \(cases.count) labeled images of \(runner.cases.count) patients at \(runner.split.clients.count) clients, in \
            the layout of ACDC. If they are those of ACDC: O. Bernard, A. Lalande, C. Zotti, F. Cervenansky, et al., \
            "Deep learning techniques for automatic MRI cardiac multi-structures segmentation and diagnosis: Is the \
            problem solved?", IEEE Transactions on Medical Imaging 37(11):2514–2525, 2018, doi \
            10.1109/TMI.2018.2837502, which every use has \
            to cite. The data are for non-commercial use, and whether that extends to weights trained on them is not \
            settled: treat the weights likewise.
            """
    }

    private var training: String {
        let (plan, trial) = (runner.plan, results[0].trial)
        let length =
            plan.rounds == nil
            ? "\(plan.steps) steps of each client" : "\(plan.roundCount) rounds of \(plan.localEpochs) passes"
        return """
            Start: \(trial.start). Supervised federated averaging, \(length), batches of about \(plan.batchSize) slices of \
            \(runner.preprocessing.size) × \(runner.preprocessing.size) pixels of \(runner.preprocessing.spacing) mm, \
            learning rate \(trial.learningRate), views `\(plan.strength.rawValue)`.
            """
    }

    private var scores: String {
        let folds = Set(results.map(\.trial.fold)).count
        let unseen =
            transductive
            ? "whose images, but not labels, had been seen in pre-training (transductive; "
            : "that they had not seen ("
        return """
            Of \(results.count) \(results.count == 1 ? "model" : "models") trained in the same way on \(annotated) annotated patients of each client, and \
            scored on \(Set(results.flatMap(\.cases).map(\.patient)).count) patients \(unseen)\
            \(folds) of \(runner.folds) folds). The model itself learned from all patients; it was scored on none. \
            Dice in three dimensions on the native grid, mean ± standard deviation over images:
            """
    }

    private var structures: [(String, ScoreSummary)] {
        Set(results.flatMap(\.structures)).sorted().map { name in
            (name, ScoreSummary(results.flatMap { $0.scores(of: name) }.map(\.dice)))
        }
    }

    private var diagnoses: [(String, ScoreSummary)] {
        let diagnosis = Dictionary(
            runner.cases.values.flatMap { $0 }.map { ($0.patient, $0.diagnosis ?? "unknown") }, uniquingKeysWith: { $1 }
        )
        let groups = Dictionary(grouping: results.flatMap(\.cases)) { diagnosis[$0.patient] ?? "unknown" }
        return groups.sorted { $0.key < $1.key }.map { ($0.key, ScoreSummary($0.value.map(\.dice))) }
    }

    private func table(_ title: String, _ rows: [(name: String, dice: ScoreSummary)]) -> String {
        func text(_ value: Double?) -> String { value.map { String(format: "%.3f", $0) } ?? "–" }
        let lines = rows.map { row in
            "| \(row.name) | \(text(row.dice.mean)) ± \(text(row.dice.standardDeviation)) | \(row.dice.count) |"
        }
        return (["| \(title) | Dice | images |", "| --- | --- | --- |"] + lines).joined(separator: "\n")
    }

    private var limits: String {
        """
        All patients of ACDC are from one hospital, in five groups (dilated and hypertrophic cardiomyopathy, infarction, \
        abnormal right ventricle, healthy), imaged in end diastole and end systole by scanners of one manufacturer. Other \
        scanners, sequences, views, diseases, and children are untested. The model does not know left from right: a \
        mirrored image is labeled badly. Means hide bad images: look at every label map.
        """
    }
}
