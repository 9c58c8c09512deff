import Foundation
import Volumes

/// The scores for people: a line for each case and label, then one for each label over all cases.
enum ScoreTable {
    static func text(_ results: [CaseScores], labels: [Int]) -> String {
        perCase(results, labels) + "\n\n" + overall(results, labels)
    }

    private static func perCase(_ results: [CaseScores], _ labels: [Int]) -> String {
        var rows = [["case", "label", "Dice", "IoU", "HD95 mm", "ASSD mm", "volume ml", "reference ml"]]
        for result in results {
            for (label, score) in zip(labels, result.scores) {
                rows.append([
                    result.pair.name, "\(label)", number(score.dice, 4), number(score.iou, 4), number(score.hd95, 2),
                    number(score.assd, 2), number(score.predictedVolume, 2), number(score.referenceVolume, 2),
                ])
            }
        }
        return aligned(rows)
    }

    private static func overall(_ results: [CaseScores], _ labels: [Int]) -> String {
        // What excludes Dice excludes IoU, and what excludes HD95 excludes ASSD.
        var rows = [
            ["label", "Dice", "IoU", "cases", "excluded", "HD95 mm", "ASSD mm", "cases", "excluded", "pooled Dice"]
        ]
        var means: [[Double?]] = [[], [], [], []]
        for (index, label) in labels.enumerated() {
            let scores = results.map { $0.scores[index] }
            let summaries = [
                ScoreSummary(scores.map(\.dice)), ScoreSummary(scores.map(\.iou)), ScoreSummary(scores.map(\.hd95)),
                ScoreSummary(scores.map(\.assd)),
            ]
            for (metric, summary) in summaries.enumerated() { means[metric].append(summary.mean) }
            let (overlap, distance) = (summaries[0], summaries[2])
            rows.append([
                "\(label)", spread(summaries[0], 4), spread(summaries[1], 4), "\(overlap.count)",
                "\(overlap.excludedCount)", spread(summaries[2], 2), spread(summaries[3], 2), "\(distance.count)",
                "\(distance.excludedCount)", number(PooledOverlap(scores).dice, 4),
            ])
        }
        let all = means.map { ScoreSummary($0).mean }
        rows.append(["mean", number(all[0], 4), number(all[1], 4), "", "", number(all[2], 2), number(all[3], 2)])
        return aligned(rows)
    }

    /// A number, or a dash for one that does not exist.
    private static func number(_ value: Double?, _ digits: Int) -> String {
        value.map { String(format: "%.\(digits)f", $0) } ?? "–"
    }

    /// Mean ± standard deviation.
    private static func spread(_ summary: ScoreSummary, _ digits: Int) -> String {
        guard summary.mean != nil, summary.standardDeviation != nil else { return number(summary.mean, digits) }
        return "\(number(summary.mean, digits)) ± \(number(summary.standardDeviation, digits))"
    }

    /// Lines of columns: the first begins at the left, the others end at the right.
    private static func aligned(_ rows: [[String]]) -> String {
        let widths = rows[0].indices.map { column in
            rows.map { $0.indices.contains(column) ? $0[column].count : 0 }.max()!
        }
        return rows.map { row in
            row.enumerated().map { column, cell in
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                return column == 0 ? cell + padding : padding + cell
            }.joined(separator: "  ")
        }.joined(separator: "\n")
    }
}
