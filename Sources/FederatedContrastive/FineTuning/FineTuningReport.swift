import FileIO
import Foundation
import Volumes

/// The tables of a fine-tuning run: means and standard deviations as in the paper, and the underlying scores.
public struct FineTuningReport: Sendable {
    /// The results of all trials.
    public let results: [TrialResult]
    /// The names of the initial weights whose pre-training saw images of scored patients, without labels; the runs of
    /// such weights are transductive.
    public let transductive: [String]

    /// Creates the report of some trials.
    public init(results: [TrialResult], transductive: [String] = []) {
        (self.results, self.transductive) = (results, transductive)
    }

    /// An entry of the table: initial weights and a number of annotated patients.
    public struct Cell: Codable, Hashable, Sendable {
        /// The name of the initial weights.
        public let start: String
        /// The mode: each client alone, or all together.
        public let mode: Trial.Mode
        /// The number of annotated patients, N.
        public let annotated: Int
        /// The learning rate of the decoder.
        public let learningRate: Float
        /// The learning rate of the encoder, as a fraction of the decoder's.
        public let encoderRate: Float
        /// The mean and standard deviation of ``TrialResult/dice`` over the units.
        public let dice: ScoreSummary
        /// The mean and standard deviation of ``TrialResult/pooledDice`` over the units.
        public let pooledDice: ScoreSummary
        /// The units of the standard deviation: `clients`, `folds`, or `seeds`.
        public let unit: String
        /// The number of trials.
        public let trials: Int
        /// The summaries over all images of all trials, by structure and by metric (`dice`, `iou`, `hd95`, `assd`;
        /// distances in mm).
        public let structures: [String: [String: ScoreSummary]]
    }

    /// The entries, in the order in which initial weights and numbers of patients occur.
    public var cells: [Cell] {
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
        // For local training, the spread is over the clients, each with the mean of its folds and seeds, as in the
        // paper. For federated training, or one client, it is over the folds, each with the mean of its seeds, or
        // over the seeds of a single fold.
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

    /// Comparisons of all other initial weights to the first.
    public var comparisons: [PairedComparison] {
        let cells = cells
        guard let first = cells.first?.start else { return [] }
        return cells.filter { $0.start != first }.compactMap {
            PairedComparison(of: $0.start, with: first, mode: $0.mode, annotated: $0.annotated, in: results)
        }
    }

    /// Returns the complete report, as `results.json`.
    ///
    /// - Throws: Any error from encoding the settings.
    func json(settings: some Encodable) throws -> Data {
        return try JSON.encoded(
            ResultsFile(
                settings: settings, cells: cells, comparisons: comparisons, transductive: transductive, trials: results
            ))
    }
}

extension FineTuningReport {
    /// The tables as Markdown.
    public var markdown: String {
        let cells = cells
        let modes = cells.map(\.mode).reduce(into: [Trial.Mode]()) { if !$0.contains($1) { $0.append($1) } }
        let tables = modes.map { mode in
            let own = cells.filter { $0.mode == mode }
            return ([diceTable(own, mode), comparisonTable(mode), structureTable(own)]).filter { !$0.isEmpty }
                .joined(separator: "\n")
        }
        return (tables + [transductiveNote.map { $0 + "\n" }].compactMap { $0 }).joined(separator: "\n")
    }

    /// A sentence about initial weights whose pre-training saw images of scored patients; `nil` if none did.
    public var transductiveNote: String? {
        transductive.isEmpty
            ? nil
            : "Pre-training saw images of the scored patients, without labels (transductive): "
                + transductive.joined(separator: ", ") + "."
    }

    private func diceTable(_ cells: [Cell], _ mode: Trial.Mode) -> String {
        let columns = Set(cells.map(\.annotated)).sorted()
        let starts = cells.map(\.start).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        func line(_ name: String, _ value: (Cell) -> String) -> String {
            "| \(name) | "
                + columns.map { n in cells.first { $0.start == name && $0.annotated == n }.map(value) ?? "" }
                .joined(separator: " | ") + " |\n"
        }
        let header =
            "| \(mode.rawValue) | " + columns.map { "N=\($0)" }.joined(separator: " | ") + " |\n|"
            + String(repeating: " --- |", count: columns.count + 1) + "\n"
        let units = Set(cells.map(\.unit)).sorted().joined(separator: " or ")
        var text = "Dice (3-D, native grid, mean of structures), mean ± standard deviation over \(units):\n\n" + header
        for start in starts { text += line(start) { Self.text($0.dice) } }
        text += "\nDice of pooled pixels:\n\n" + header
        for start in starts { text += line(start) { Self.text($0.pooledDice) } }
        return text
    }

    private func comparisonTable(_ mode: Trial.Mode) -> String {
        let own = comparisons.filter { $0.mode == mode }
        guard !own.isEmpty else { return "" }
        var text =
            "Paired, over patients and over models:\n\n| | N | difference of Dice | patients | p | models | ahead | p |\n|"
            + String(repeating: " --- |", count: 8) + "\n"
        for comparison in own {
            let sign = comparison.meanDifference < 0 ? "−" : "+"
            let spread = comparison.standardDeviation.map { " ± " + Self.decimals($0) } ?? ""
            text +=
                "| \(comparison.start) against \(comparison.other) | \(comparison.annotated) | "
                + "\(sign)\(Self.decimals(abs(comparison.meanDifference)))\(spread) | \(comparison.patients) | "
                + String(format: "%.4f", comparison.p) + " | \(comparison.models) | \(comparison.modelsAhead) | "
                + String(format: "%.4f", comparison.modelP) + " |\n"
        }
        return text
    }

    private func structureTable(_ cells: [Cell]) -> String {
        var text =
            "By structure, over all images (excluded: images for which the number is not defined):\n\n"
            + "| | N | structure | Dice | IoU | HD95 in mm | ASSD in mm | images | excluded Dice / distances |\n|"
            + String(repeating: " --- |", count: 9) + "\n"
        for cell in cells {
            for (name, metrics) in cell.structures.sorted(by: { $0.key < $1.key }) {
                func value(_ key: String, digits: Int) -> String { Self.text(metrics[key]!, digits: digits) }
                text +=
                    "| \(cell.start) | \(cell.annotated) | \(name) | \(value("dice", digits: 3)) | "
                    + "\(value("iou", digits: 3)) | \(value("hd95", digits: 1)) | \(value("assd", digits: 2)) | "
                    + "\(metrics["dice"]!.count + metrics["dice"]!.excludedCount) | "
                    + "\(metrics["dice"]!.excludedCount) / \(metrics["hd95"]!.excludedCount) |\n"
            }
        }
        return text
    }

    /// The tables as CSV, one row per entry, structure, and metric.
    public var csv: String {
        var text =
            "start,mode,annotated,learning_rate,encoder_rate,structure,metric,mean,standard_deviation,count,excluded,over\n"
        for cell in cells {
            func row(_ structure: String, _ metric: String, _ summary: ScoreSummary, _ over: String) {
                let fields = [
                    Self.quoted(cell.start), cell.mode.rawValue, "\(cell.annotated)", "\(cell.learningRate)",
                    "\(cell.encoderRate)",
                    Self.quoted(structure), metric, summary.mean.map { "\($0)" } ?? "",
                    summary.standardDeviation.map { "\($0)" } ?? "", "\(summary.count)", "\(summary.excludedCount)",
                    over,
                ]
                text += fields.joined(separator: ",") + "\n"
            }
            row("mean", "dice", cell.dice, cell.unit)
            row("mean", "pooled_dice", cell.pooledDice, cell.unit)
            for (name, metrics) in cell.structures.sorted(by: { $0.key < $1.key }) {
                for (metric, summary) in metrics.sorted(by: { $0.key < $1.key }) {
                    row(name, metric, summary, "images")
                }
            }
        }
        return text
    }

    private static func quoted(_ text: String) -> String {
        text.contains(where: { ",\"\n".contains($0) })
            ? "\"" + text.replacingOccurrences(of: "\"", with: "\"\"") + "\"" : text
    }

    /// Formats a summary as `.646 ± .052`, or a dash.
    public static func text(_ summary: ScoreSummary, digits: Int = 3) -> String {
        guard let mean = summary.mean else { return "–" }
        return decimals(mean, digits) + (summary.standardDeviation.map { " ± " + decimals($0, digits) } ?? "")
    }

    /// Formats a number as `.646`: with three decimals, it loses its leading zero.
    public static func decimals(_ value: Double, _ digits: Int = 3) -> String {
        let text = String(format: "%.\(digits)f", value)
        return digits == 3 && text.hasPrefix("0.") ? String(text.dropFirst()) : text
    }
}

/// The contents of `results.json`.
private struct ResultsFile<Settings: Encodable>: Encodable {
    /// The version of the format.
    let schema = 1
    let version = PackageVersion.text
    let settings: Settings
    let cells: [FineTuningReport.Cell]
    let comparisons: [PairedComparison]
    let transductive: [String]
    let trials: [TrialResult]
}
