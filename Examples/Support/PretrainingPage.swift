import Contrastive
import Features
import FederatedContrastive
import Federation
import Reporting

/// `report.html`: a run on one page that needs nothing but a browser.
public struct PretrainingPage: Sendable {
    private let settings: PretrainingSettings
    private let reports: [RoundReport]
    /// The memory bank of each site after the last round.
    private let banks: [FeatureSet]

    /// The page of a run.
    public init(settings: PretrainingSettings, reports: [RoundReport], banks: [FeatureSet]) {
        (self.settings, self.reports, self.banks) = (settings, reports, banks)
    }

    /// The page.
    public var html: String {
        HTMLPage(
            title: settings.method == FCL.name ? "Federated contrastive pre-training" : "Pre-training: \(title)",
            lead: lead, facts: facts,
            sections: (reports.isEmpty ? [] : [learning, probes, features, cost, rounds]).compactMap { $0 } + missing
        ).html
    }

    private var title: String { settings.methodType.title }
    /// Whether the method has FCL's two losses; others have one.
    private var hasTwoLosses: Bool { settings.methodType == FCL.self }

    private var lead: String {
        let verdicts = reports.suffix(3).map { CollapseWatch.verdict($0.metrics) }
        let warning = verdicts.count == 3 && !verdicts.contains(nil) ? verdicts.last! : nil
        if !settings.methodType.isTrained { return "An encoder with its first, random weights." }
        let rounds = "for \(reports.count) of \(settings.rounds) rounds"
        let story =
            switch settings.collaboration {
            case .fedavg:
                "\(settings.clients) clients trained an encoder together \(rounds) without showing each other an image."
            case .centralized: "One site with all patients trained an encoder \(rounds)."
            case .local: "\(settings.clients) clients trained an encoder each \(rounds); this is the average."
            }
        return story + (warning.map { " A warning of the last three rounds: \($0)" } ?? "")
    }

    private var facts: [(name: String, value: String)] {
        let last = reports.last?.metrics ?? [:]
        let megabytes = reports.reduce(0) { $0 + $1.bytesUp + $1.bytesDown }
        let learnt =
            hasTwoLosses
            ? [
                ("Local loss at the end", Numeral.text(last[.localLoss])),
                ("Remote loss at the end", Numeral.text(last[.remoteLoss])),
                ("Separation at the end", Numeral.text(last[.separation])),
            ] : [("Loss at the end", Numeral.text(last[.loss]))]
        return [
            ("Method", title), ("Clients", "\(settings.clients)"),
            ("Rounds", "\(reports.count) of \(settings.trainedRounds)"), ("Encoder", "width \(settings.width)"),
            ("Slices", "\(settings.size) × \(settings.size) pixels of \(settings.spacing) mm"),
            ("Seed", "\(settings.seed)"),
        ] + learnt
            + (settings.collaboration == .fedavg
                ? [("Sent in all", Numeral.text(Double(megabytes) / 1e6, decimals: 1) + " MB")] : [])
            + [("Time in all", ProgressLine.duration(reports.reduce(0) { $0 + $1.seconds.total }))]
    }

    // Sections

    private var learning: HTMLPage.Section {
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
                    ], references: [.init(Collapse.minimumSeparation, "least separation that counts")])
            ])
        return HTMLPage.Section(
            "What was learnt",
            [
                .figure(
                    Figure(
                        "The dotted lines beside the losses, ln(1 + negatives), are the values at which all features "
                            + "have collapsed to a single point. Separation is the mean cosine similarity of features "
                            + "of the same partition less that of features of other partitions: it is what the "
                            + "training is after.",
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
                        series("nothing learnt", .lossConstant, .kind(0), isDashed: true),
                    ])
            ])
        let caption =
            "The mean loss of the steps of each round; the dotted line, where there is one, is what it would be if "
            + "nothing had been learnt. Losses of different methods cannot be compared."
        return HTMLPage.Section("What was learnt", [.figure(Figure(caption, [chart]))])
    }

    /// What features say of things that were not taught; `nil` if that was never measured.
    private var probes: HTMLPage.Section? {
        func series(_ name: String, _ metric: Metric, _ ink: Ink) -> LineChart.Series {
            LineChart.Series(
                name, reports.compactMap { report in report.metrics[metric].map { (Double(report.round), $0) } },
                ink: ink)
        }
        guard reports.contains(where: { $0.metrics[.partitionProbe] != nil }) else { return nil }
        func panel(_ title: String, _ name: String) -> LineChart.Panel {
            .init(
                title, yTitle: "share guessed right",
                [
                    series("nearest neighbors", Metric(name + "Neighbours"), .kind(0)),
                    series("linear map", Metric(name + "Probe"), .kind(1)),
                ], limits: 0...1)
        }
        let diagnosis = reports.contains { $0.metrics[.diagnosisProbe] != nil }
        let caption =
            "The features of the encoder in the making, asked what they were not taught: of a slice the partition"
            + (diagnosis ? ", of a patient the diagnosis" : "")
            + ". Neighbours and the examples of the linear map are always other patients'. Guessing would be right in one "
            + "of \(settings.partitions) slices" + (diagnosis ? ", and for one of five patients." : ".")
        return HTMLPage.Section(
            "What the features tell",
            [
                .figure(
                    Figure(
                        caption,
                        [LineChart(xTitle: "round", [panel("Partition of a slice", "partition")])]
                            + (diagnosis
                                ? [LineChart(xTitle: "round", [panel("Diagnosis of a patient", "diagnosis")])] : [])))
            ])
    }

    private var features: HTMLPage.Section? {
        FeatureMap(banks, partitions: settings.partitions).map {
            HTMLPage.Section("What the features look like", [.figure($0.figure)])
        }
    }

    private var cost: HTMLPage.Section {
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
            "What it cost",
            [
                .figure(
                    Figure(
                        "The bytes are those of all weights and features; the time is that of the machine that ran "
                            + "all clients.",
                        (settings.collaboration == .fedavg ? [LineChart(xTitle: "round", [bytes])] : [])
                            + [LineChart(xTitle: "round", [seconds])]))
            ])
    }

    private var rounds: HTMLPage.Section {
        let numbers: [(name: String, metric: Metric)] =
            hasTwoLosses
            ? [("local loss", .localLoss), ("remote loss", .remoteLoss), ("separation", .separation)]
            : [("loss", .loss), ("nothing learnt", .lossConstant)]
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

    private var missing: [HTMLPage.Section] {
        let rows = reports.flatMap { report in report.absent.map { ["\(report.round)", "\($0)"] } }
        guard !rows.isEmpty else { return [] }
        return [
            HTMLPage.Section("Clients that were missing", [.table(Table(columns: ["round", "reason"], rows: rows))])
        ]
    }

    // Curves

    private func points(_ value: (RoundReport) -> Double?) -> [(x: Double, y: Double)] {
        reports.map { (Double($0.round), value($0) ?? .nan) }
    }

    private func series(_ name: String, _ metric: Metric, _ ink: Ink, isDashed: Bool = false) -> LineChart.Series {
        let points = points { $0.metrics[metric] }
        // A curve that this run does not have, such as that of a remote loss without exchange, has no name either.
        let isAbsent = points.allSatisfy { $0.y.isNaN }
        return LineChart.Series(isAbsent ? "" : name, points, ink: ink, isDashed: isDashed)
    }
}
