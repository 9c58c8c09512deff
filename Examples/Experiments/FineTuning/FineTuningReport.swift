import Foundation
import Volumes

/// The tables of a fine-tuning: means and spreads as in the paper, and all scores they are made of.
package struct FineTuningReport: Sendable {
    package let results: [TrialResult]
    private let settings: Data

    package init(results: [TrialResult], settings: Data) {
        (self.results, self.settings) = (results, settings)
    }

    /// One number of the table: a start and a number of annotated patients.
    package struct Cell: Codable, Hashable, Sendable {
        package let start: String
        package let mode: Trial.Mode
        package let annotated: Int
        package let learningRate: Float
        package let encoderRate: Float
        /// The Dice of ``TrialResult/dice``: mean and spread over the units.
        package let dice: ScoreSummary
        /// The same of the pooled pixels.
        package let pooledDice: ScoreSummary
        /// What the spread is over: `clients`, `folds` or `seeds`.
        package let unit: String
        /// Trials behind the number.
        package let trials: Int
        /// By structure and by metric (`dice`, `iou`, `hd95`, `assd`): over all images of all trials.
        package let structures: [String: [String: ScoreSummary]]
    }

    /// The cells by start, in the order in which starts and numbers of patients occur.
    package var cells: [Cell] {
        let groups = Dictionary(grouping: results) {
            Key(start: $0.trial.start, mode: $0.trial.mode, annotated: $0.trial.annotated)
        }
        var order: [Key] = []
        for result in results {
            let key = Key(start: result.trial.start, mode: result.trial.mode, annotated: result.trial.annotated)
            if !order.contains(key) { order.append(key) }
        }
        return order.map { Self.cell($0, groups[$0]!) }
    }

    private struct Key: Hashable {
        let start: String, mode: Trial.Mode, annotated: Int
    }

    private static func cell(_ key: Key, _ results: [TrialResult]) -> Cell {
        // Local: the spread is over the clients, each with the mean of its folds and seeds, as in the paper.
        // Federated, or one client: over the folds, each with the mean of its seeds; over the seeds of a single fold.
        let folds = Set(results.map(\.trial.fold)).count
        let unit = Set(results.map(\.trial.client)).count > 1 ? "clients" : folds > 1 ? "folds" : "seeds"
        let units = Dictionary(grouping: results) { result -> Int in
            switch unit {
            case "clients": result.trial.client ?? 0
            case "folds": result.trial.fold
            default: Int(truncatingIfNeeded: result.trial.seed)
            }
        }
        func summary(_ value: (TrialResult) -> Double?) -> ScoreSummary {
            ScoreSummary(units.sorted { $0.key < $1.key }.map { ScoreSummary($0.value.map(value)).mean })
        }
        let names = Set(results.flatMap(\.structures)).sorted()
        let structures = names.map { name -> (String, [String: ScoreSummary]) in
            let scores = results.flatMap { $0.scores(of: name) }
            return (
                name,
                [
                    "dice": ScoreSummary(scores.map(\.dice)), "iou": ScoreSummary(scores.map(\.iou)),
                    "hd95": ScoreSummary(scores.map(\.hd95)), "assd": ScoreSummary(scores.map(\.assd)),
                ]
            )
        }
        return Cell(
            start: key.start, mode: key.mode, annotated: key.annotated, learningRate: results[0].trial.learningRate,
            encoderRate: results[0].trial.encoderRate,
            dice: summary(\.dice), pooledDice: summary(\.pooledDice), unit: unit, trials: results.count,
            structures: Dictionary(uniqueKeysWithValues: structures))
    }

    /// Every start against the first one.
    package var comparisons: [PairedComparison] {
        let cells = cells
        guard let first = cells.first?.start else { return [] }
        return cells.filter { $0.start != first }.compactMap {
            PairedComparison(of: $0.start, with: first, mode: $0.mode, annotated: $0.annotated, in: results)
        }
    }

    /// Writes `results.json`, `table.md`, `table.csv` and `report.html`.
    package func write(to folder: RunFolder<some RunSettings>, title: String, runner: TrialRunner) throws {
        try folder.write(Data(FineTuningPage(title, report: self, runner: runner).html().utf8), to: "report.html")
        try folder.write(json, to: "results.json")
        try folder.write(Data(markdown.utf8), to: "table.md")
        try folder.write(Data(csv.utf8), to: "table.csv")
    }

    /// Everything, as `results.json`.
    package var json: Data {
        struct File: Encodable {
            let cells: [Cell]
            let comparisons: [PairedComparison]
            let trials: [TrialResult]
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Numbers and texts only: this cannot fail.
        let body = try! encoder.encode(File(cells: cells, comparisons: comparisons, trials: results))
        // The settings stand first, as they stand in config.json.
        return Data("{\"settings\":".utf8) + settings.filter { $0 != 0x0A } + Data(",".utf8) + body.dropFirst()
            + Data("\n".utf8)
    }
}
