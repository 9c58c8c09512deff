import FederatedContrastive
import Federation
import Foundation
import Reporting
import Segmentation
import Volumes

/// The `report.html` of a fine-tuning: Dice by number of annotated patients, structures, outlines on slices, and
/// training.
struct FineTuningPage: Sendable {
    private let report: FineTuningReport
    private let runner: TrialRunner
    private let title: String

    init(_ title: String, report: FineTuningReport, runner: TrialRunner) {
        (self.title, self.report, self.runner) = (title, report, runner)
    }

    /// Returns the page, for which saved models label a few images.
    func html() throws -> String {
        let cells = report.cells
        let starts = cells.map(\.start).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        let columns = Set(cells.map(\.annotated)).sorted()
        return HTMLPage(
            title: title, lead: lead(starts, columns), facts: facts,
            sections: [
                scores(cells, starts, columns), structures(cells, starts, columns), try outlines(starts, columns),
                training(starts, columns),
            ].compactMap { $0 }
        ).html
    }

    private func lead(_ starts: [String], _ columns: [Int]) -> String {
        let patients = columns.map(String.init).joined(separator: ", ")
        var text =
            "\(report.results.count) networks were trained on \(patients) annotated "
            + (columns == [1] ? "patient" : "patients") + (runner.split.clients.count > 1 ? " of each client" : "")
            + " and scored on patients they had not seen."
        for comparison in report.comparisons {
            let difference = comparison.meanDifference
            text +=
                " N = \(comparison.annotated): \(comparison.start) is "
                + "\(Numeral.text(abs(difference))) \(difference < 0 ? "below" : "above") \(comparison.other) "
                + "(p = \(Numeral.text(comparison.p, decimals: 4)) over \(comparison.patients) patients"
                + (comparison.models > 1
                    ? ", \(Numeral.text(comparison.modelP, decimals: 4)) over \(comparison.models) pairs of networks)."
                    : ").")
        }
        if let note = report.transductiveNote { text += " " + note }
        return text
    }

    private var facts: [(name: String, value: String)] {
        let plan = runner.plan
        return [
            ("Clients", "\(runner.split.clients.count)"), ("Rounds", "\(plan.roundCount)"),
            ("Steps", plan.rounds == nil ? "\(plan.steps)" : "\(plan.localEpochs) passes a round"),
            ("Network", "U-Net, width \(runner.width)"),
            ("Slices", "\(runner.preprocessing.size)² pixels of \(runner.preprocessing.spacing) mm"),
            ("Batch", "\(plan.batchSize) slices"),
            ("Time in all", ProgressLine.duration(report.results.reduce(0) { $0 + $1.seconds })),
        ]
    }

    private func scores(_ cells: [FineTuningReport.Cell], _ starts: [String], _ columns: [Int]) -> HTMLPage.Section {
        func cell(_ start: String, _ annotated: Int) -> FineTuningReport.Cell? {
            cells.first { $0.start == start && $0.annotated == annotated }
        }
        let chart = ErrorBarChart(
            "Dice", xTitle: "annotated patients" + (runner.split.clients.count > 1 ? " a client" : ""),
            yTitle: "Dice (mean of structures)", places: columns.map(String.init),
            starts.map { start in .init(start, columns.map { Statistic(cell(start, $0)?.dice) }) }, limits: 0...1)
        let units = Set(cells.map(\.unit)).sorted().joined(separator: " or ")
        let rows = starts.map { start in
            [start]
                + columns.map { cell(start, $0).map { FineTuningReport.text($0.dice) } ?? "–" }
                + columns.map { cell(start, $0).map { FineTuningReport.text($0.pooledDice) } ?? "–" }
        }
        let table = Table(
            columns: ["start"] + columns.map { "N = \($0)" } + columns.map { "pooled, N = \($0)" }, rows: rows,
            caption: "Dice of each image in three dimensions on its native grid, and Dice of the pooled pixels.")
        return HTMLPage.Section(
            "How well",
            [
                .figure(Figure("Means, with standard deviations over \(units) as whiskers.", [chart])),
                .table(table),
            ])
    }

    private func structures(
        _ cells: [FineTuningReport.Cell], _ starts: [String], _ columns: [Int]
    ) -> HTMLPage.Section {
        let names = Set(cells.flatMap(\.structures.keys)).sorted()
        func chart(_ annotated: Int, _ metric: String, _ heading: String, _ unit: String) -> BarChart {
            BarChart(
                "N = \(annotated): \(heading)", yTitle: unit, groups: names,
                starts.map { start in
                    let cell = cells.first { $0.start == start && $0.annotated == annotated }
                    return .init(start, names.map { Statistic(cell?.structures[$0]?[metric]) })
                }, limits: metric == "dice" ? 0...1 : nil)
        }
        let excluded = cells.reduce(0) { $0 + $1.structures.values.reduce(0) { $0 + ($1["hd95"]?.excludedCount ?? 0) } }
        return HTMLPage.Section(
            "Structure by structure",
            [
                .figure(
                    Figure(
                        "Means over all images, with their standard deviations. Distances do not exist where a structure "
                            + "is in one of the label maps only: \(excluded) times in all.",
                        columns.flatMap {
                            [chart($0, "dice", "Dice", "Dice"), chart($0, "hd95", "95 % Hausdorff distance", "mm")]
                        }))
            ])
    }

    /// Returns the section with the loss of each start by round.
    private func training(_ starts: [String], _ columns: [Int]) -> HTMLPage.Section? {
        let panels = columns.map { annotated in
            LineChart(
                xTitle: "round",
                [
                    .init(
                        "N = \(annotated)", yTitle: "loss",
                        starts.map { start in
                            let trials = report.results.map(\.trial).filter {
                                $0.start == start && $0.annotated == annotated
                            }
                            let losses = trials.map { runner.losses(of: $0) }
                            let rounds = losses.map(\.count).max() ?? 0
                            return .init(
                                start,
                                (0..<rounds).map { round in
                                    let values = losses.compactMap { round < $0.count ? $0[round] : nil }
                                    return (Double(round + 1), values.reduce(0, +) / Double(max(1, values.count)))
                                })
                        })
                ])
        }
        return HTMLPage.Section(
            "Training",
            [.figure(Figure("The mean training loss of all clients, folds and seeds.", panels))]
                + (curves(starts, columns).map { [.figure($0)] } ?? []))
    }

    /// Returns the figure with the Dice of each start in the course of the training; `nil` if no curve was measured.
    private func curves(_ starts: [String], _ columns: [Int]) -> Figure? {
        let panels = columns.compactMap { annotated -> LineChart? in
            let measured = starts.map { start in
                report.results.filter { $0.trial.start == start && $0.trial.annotated == annotated }
                    .compactMap(\.curve)
            }
            if measured.allSatisfy(\.isEmpty) { return nil }
            let series = zip(starts, measured).map { start, curves in
                LineChart.Series(
                    start,
                    (0..<(curves.map(\.count).min() ?? 0)).map { point in
                        let dice = curves.map { $0[point].dice ?? 0 }
                        return (curves[0][point].megabytes, dice.reduce(0, +) / Double(dice.count))
                    })
            }
            return LineChart(
                xTitle: "MB that all clients received and sent", [.init("N = \(annotated)", yTitle: "Dice", series)])
        }
        return panels.isEmpty
            ? nil : Figure("The mean Dice over folds, seeds, and clients in the course of the training.", panels)
    }

    /// Returns the section with outlines on slices of the images with the best, the median, and the worst Dice.
    private func outlines(_ starts: [String], _ columns: [Int]) throws -> HTMLPage.Section? {
        var figures: [HTMLPage.Item] = []
        for start in starts.reversed() {
            let own = report.results.filter { $0.trial.start == start && $0.trial.annotated == columns[0] }
            guard let result = own.first, let model = try runner.model(of: result.trial) else { continue }
            let scored = result.cases.filter { $0.dice != nil }.sorted {
                ($0.dice!, $0.patient) > ($1.dice!, $1.patient)
            }
            guard let best = scored.first, let worst = scored.last else { continue }
            let shown = [("best", best), ("median", scored[scored.count / 2]), ("worst", worst)]
            let drawings = shown.compactMap { rank, score in outline(of: score, rank, by: model) }
            figures.append(
                .figure(
                    Figure(
                        "\(start), N = \(columns[0]), fold \(result.trial.fold), seed \(result.trial.seed): the slice with "
                            + "the largest structures. Dashed: annotated. Solid: predicted.", drawings)))
        }
        return figures.isEmpty ? nil : HTMLPage.Section("What it looks like", figures)
    }

    private func outline(
        of score: TrialResult.CaseScore, _ rank: String, by model: SegmentationModel
    ) -> SliceOverlay? {
        let example = runner.cases[score.patient]?.first { $0.frame == score.frame }
        guard let volume = example?.volume, let labels = volume.labels else { return nil }
        let area = volume.size * volume.size
        func count(_ slice: Int) -> Int { labels[slice * area..<(slice + 1) * area].count { $0 > 0 } }
        let slice = (0..<volume.sliceCount).max { count($0) < count($1) } ?? 0
        let predicted = model.classMap(of: volume)
        return SliceOverlay(
            "\(rank): \(score.patient) \(score.frame)",
            subtitle: "Dice \(Numeral.text(score.dice)), slice \(slice + 1)",
            intensities: volume.slice(slice).enumerated().filter { $0.offset % volume.channelCount == 0 }.map(
                \.element),
            width: volume.size,
            reference: Array(labels[slice * area..<(slice + 1) * area]),
            prediction: Array(predicted[slice * area..<(slice + 1) * area]),
            structures: model.classes.indices.dropFirst().map { .init(UInt8($0), model.classes[$0]) }
        ).cropped(margin: 12)
    }
}

extension Statistic {
    fileprivate init?(_ summary: ScoreSummary?) {
        guard let summary, let mean = summary.mean else { return nil }
        self.init(mean: mean, deviation: summary.standardDeviation ?? .nan)
    }
}
