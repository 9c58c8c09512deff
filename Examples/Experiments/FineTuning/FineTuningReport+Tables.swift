import Foundation
import Volumes

extension FineTuningReport {
    /// The tables for people.
    package var markdown: String {
        let cells = cells
        let modes = cells.map(\.mode).reduce(into: [Trial.Mode]()) { if !$0.contains($1) { $0.append($1) } }
        return modes.map { mode in
            let own = cells.filter { $0.mode == mode }
            return ([diceTable(own, mode), comparisonTable(mode), structureTable(own)]).filter { !$0.isEmpty }
                .joined(separator: "\n")
        }.joined(separator: "\n")
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
            "Paired over patients:\n\n| | N | difference of Dice | patients | p |\n| --- | --- | --- | --- | --- |\n"
        for comparison in own {
            let sign = comparison.meanDifference < 0 ? "−" : "+"
            let spread = comparison.standardDeviation.map { " ± " + Self.decimals($0) } ?? ""
            text +=
                "| \(comparison.start) against \(comparison.other) | \(comparison.annotated) | "
                + "\(sign)\(Self.decimals(abs(comparison.meanDifference)))\(spread) | \(comparison.patients) | "
                + String(format: "%.4f", comparison.p) + " |\n"
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

    /// One row a cell, structure and metric.
    package var csv: String {
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

    /// `.646 ± .052`, or a dash.
    package static func text(_ summary: ScoreSummary, digits: Int = 3) -> String {
        guard let mean = summary.mean else { return "–" }
        return decimals(mean, digits) + (summary.standardDeviation.map { " ± " + decimals($0, digits) } ?? "")
    }

    package static func decimals(_ value: Double, _ digits: Int = 3) -> String {
        let text = String(format: "%.\(digits)f", value)
        return digits == 3 && text.hasPrefix("0.") ? String(text.dropFirst()) : text
    }
}
