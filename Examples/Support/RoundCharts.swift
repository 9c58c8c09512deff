import Contrastive
import FederatedContrastive
import Federation
import Reporting

/// The sections of a page about the rounds of a pre-training: what they learned, and what they cost.
struct RoundCharts {
    let settings: PretrainingSettings
    let reports: [RoundReport]

    /// Whether the method has FCL's two losses; other methods have one.
    var hasTwoLosses: Bool { settings.methodType == FCL.self }

    var learning: HTMLPage.Section {
        guard hasTwoLosses else { return oneLoss }
        let losses = LineChart(
            xTitle: "round",
            [
                .init(
                    "Loss", yTitle: "loss (nats)",
                    [
                        series("local", .localLoss, .kind(0)), series("remote", .remoteLoss, .kind(1)),
                        series("local, collapsed", .localConstant, .kind(0), isDashed: true),
                        series("remote, collapsed", .remoteConstant, .kind(1), isDashed: true),
                    ])
            ])
        let similarities = LineChart(
            xTitle: "round",
            [
                .init(
                    "Similarity in the banks", yTitle: "mean cosine similarity",
                    [
                        series("separation", .separation, .kind(3)),
                        series("same partition", .positiveSimilarity, .kind(2)),
                        series("other partitions", .negativeSimilarity, .kind(6)),
                    ], references: [.init(Collapse.minimumSeparation, "minimum that counts")])
            ])
        return HTMLPage.Section(
            "Losses and similarities",
            [
                .figure(
                    Figure(
                        "The local loss compares a slice with other views from its own batch, the remote loss with the "
                            + "banks of all clients. On its dotted line, ln(1 + negatives), a loss has learned nothing: "
                            + "all features are equal. Separation is the mean cosine similarity of features of the same "
                            + "partition minus that of features of different partitions. It starts near 0 and should "
                            + "grow.",
                        [losses, similarities]))
            ])
    }

    private var oneLoss: HTMLPage.Section {
        let chart = LineChart(
            xTitle: "round",
            [
                .init(
                    "Loss", yTitle: "loss",
                    [
                        series("loss", .loss, .kind(0)),
                        series("nothing learned", .lossConstant, .kind(0), isDashed: true),
                    ])
            ])
        let caption =
            "The mean loss of the steps of each round; the dotted line, where there is one, is its value if nothing is "
            + "learned. Losses of different methods cannot be compared."
        return HTMLPage.Section("Loss", [.figure(Figure(caption, [chart]))])
    }

    /// The accuracy of predictions from features; `nil` if it was never measured.
    var probes: HTMLPage.Section? {
        func series(_ name: String, _ metric: Metric, _ ink: Ink) -> LineChart.Series {
            LineChart.Series(
                name, reports.compactMap { report in report.metrics[metric].map { (Double(report.round), $0) } },
                ink: ink)
        }
        guard reports.contains(where: { $0.metrics[.partitionProbe] != nil }) else { return nil }
        func panel(_ title: String, _ name: String) -> LineChart.Panel {
            .init(
                title, yTitle: "accuracy",
                [
                    series("nearest neighbors", Metric(name + "Neighbours"), .kind(0)),
                    series("linear map", Metric(name + "Probe"), .kind(1)),
                ], limits: 0...1)
        }
        let diagnosis = reports.contains { $0.metrics[.diagnosisProbe] != nil }
        let caption =
            "How well features predict the partition of a slice" + (diagnosis ? " and the diagnosis of a patient" : "")
            + ", by its nearest neighbors and by a linear map, both from other patients. Chance is 1 in "
            + "\(settings.partitions)" + (diagnosis ? " for partitions and 1 in 5 for diagnoses." : ".")
        return HTMLPage.Section(
            "What the features predict",
            [
                .figure(
                    Figure(
                        caption,
                        [LineChart(xTitle: "round", [panel("Partition of a slice", "partition")])]
                            + (diagnosis
                                ? [LineChart(xTitle: "round", [panel("Diagnosis of a patient", "diagnosis")])] : [])))
            ])
    }

    var cost: HTMLPage.Section {
        let bytes = LineChart.Panel(
            "Sent in a round", yTitle: "megabytes",
            [
                .init("from the clients", points { Double($0.bytesUp) / 1e6 }),
                .init("to the clients", points { Double($0.bytesDown) / 1e6 }),
            ], limits: 0...0)
        let seconds = LineChart.Panel(
            "Time of a round", yTitle: "seconds",
            [
                .init("training", points(\.seconds.training)),
                .init("exchange of features", points(\.seconds.exchange)),
                .init("average", points(\.seconds.aggregation)),
            ], limits: 0...0)
        return HTMLPage.Section(
            "Cost",
            [
                .figure(
                    Figure(
                        "The traffic consists of weights and features. The time is that of this machine, which ran all "
                            + "clients.",
                        (settings.collaboration == .fedavg ? [LineChart(xTitle: "round", [bytes])] : [])
                            + [LineChart(xTitle: "round", [seconds])]))
            ])
    }

    var rounds: HTMLPage.Section {
        let numbers: [(name: String, metric: Metric)] =
            hasTwoLosses
            ? [("local loss", .localLoss), ("remote loss", .remoteLoss), ("separation", .separation)]
            : [("loss", .loss), ("nothing learned", .lossConstant)]
        let rows = reports.map { report in
            ["\(report.round)"] + numbers.map { Numeral.text(report.metrics[$0.metric]) } + [
                "\(report.participants.count) of \(report.participants.count + report.absent.count)",
                Numeral.text(Double(report.bytesUp) / 1e6, decimals: 1),
                Numeral.text(Double(report.bytesDown) / 1e6, decimals: 1),
                Numeral.text(report.seconds.total, decimals: 1),
            ]
        }
        let columns = ["round"] + numbers.map(\.name) + ["clients", "MB up", "MB down", "seconds"]
        return HTMLPage.Section("Rounds", [.table(Table(columns: columns, rows: rows))])
    }

    var missing: [HTMLPage.Section] {
        let rows = reports.flatMap { report in report.absent.map { ["\(report.round)", "\($0)"] } }
        guard !rows.isEmpty else { return [] }
        return [
            HTMLPage.Section("Missing clients", [.table(Table(columns: ["round", "reason"], rows: rows))])
        ]
    }

    // Curves

    private func points(_ value: (RoundReport) -> Double?) -> [(x: Double, y: Double)] {
        reports.map { (Double($0.round), value($0) ?? .nan) }
    }

    private func series(_ name: String, _ metric: Metric, _ ink: Ink, isDashed: Bool = false) -> LineChart.Series {
        let points = points { $0.metrics[metric] }
        // A curve that this run lacks, such as the remote loss without exchange, must not appear in the legend.
        let isAbsent = points.allSatisfy { $0.y.isNaN }
        return LineChart.Series(isAbsent ? "" : name, points, ink: ink, isDashed: isDashed)
    }
}
