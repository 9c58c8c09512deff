import Contrastive
import Features
import FederatedContrastive
import Federation
import Foundation
import Reporting

/// The `report.html` of a pre-training, a single page that needs nothing but a browser.
public struct PretrainingPage: Sendable {
    private let settings: PretrainingSettings
    private let reports: [RoundReport]
    /// The memory bank of each site after the last round.
    private let banks: [FeatureSet]
    /// Whether further rounds follow, so that the page shall be loaded again.
    private let isRunning: Bool
    /// The command that continues from the encoder, if there is one.
    public let next: String?

    /// Creates the page of the run in a folder.
    ///
    /// - Parameters:
    ///   - folder: The folder of the run.
    ///   - patients: The patients of each site; empty if they are elsewhere.
    ///   - reports: The reports of all rounds.
    ///   - banks: The memory bank of each site after the last round.
    ///   - isRunning: Whether further rounds follow.
    public init(
        _ folder: RunFolder<PretrainingSettings>, patients: [[String]] = [], reports: [RoundReport],
        banks: [FeatureSet] = [], isRunning: Bool = false
    ) {
        (settings, self.reports, self.banks, self.isRunning) = (folder.settings, reports, banks, isRunning)
        next = Self.nextCommand(folder, patients: patients)
    }

    /// Returns the command that fine-tunes the encoder of a run; `nil` if the sites have too few patients to learn from
    /// some and to be scored on others.
    private static func nextCommand(_ folder: RunFolder<PretrainingSettings>, patients: [[String]]) -> String? {
        let (settings, usual) = (folder.settings, FineTuningSettings())
        if settings.data == FederatedJob.elsewhere { return "FlowerServer finetune --init \(Shell.path(folder.url)) …" }
        let fewest = patients.map { $0.count - ($0.count + usual.foldCount - 1) / usual.foldCount }.min() ?? 0
        let annotated = usual.annotated.filter { $0 <= fewest }
        guard !annotated.isEmpty else { return nil }
        return "swift run -c release ACDCFineTune --data \(Shell.path(URL(fileURLWithPath: settings.data)))"
            + (patients.count == PretrainingSettings().clients ? "" : " --clients \(patients.count)")
            + (settings.seed == PretrainingSettings().seed ? "" : " --split-seed \(settings.seed)")
            + (annotated == usual.annotated ? "" : " --annotated \(annotated.map(String.init).joined(separator: ","))")
            + " --init random --init \(Shell.word("\(settings.methodType.title)="))\(Shell.path(folder.url))"
    }

    /// The page.
    public var html: String {
        var page = HTMLPage(
            title: settings.method == FCL.name ? "Federated contrastive pre-training" : "Pre-training: \(title)",
            lead: (isRunning ? "The run was not finished when this page was written; it loads itself again. " : "")
                + lead, facts: facts,
            sections: [story] + (reports.isEmpty ? [] : [learning, features, probes, cost, rounds]).compactMap(\.self)
                + missing + (isRunning ? [] : [nextSteps]))
        page.refresh = isRunning ? 30 : nil
        return page.html
    }

    private var title: String { settings.methodType.title }
    /// Whether the method has FCL's two losses; other methods have one.
    private var hasTwoLosses: Bool { settings.methodType == FCL.self }

    private var lead: String {
        let verdicts = reports.suffix(3).map { CollapseWatch.verdict($0.metrics) }
        let warning = verdicts.count == 3 && !verdicts.contains(nil) ? verdicts.last! : nil
        if !settings.methodType.isTrained { return "An encoder with its initial, random weights." }
        let rounds = "for \(reports.count) of \(settings.rounds) rounds"
        let separation = reports.last?.metrics[.separation].map { value in
            " Features of the same part of the heart have become more alike than those of different parts: their mean "
                + "similarities differ by \(Numeral.text(value))."
        }
        let story =
            switch settings.collaboration {
            case .fedavg:
                "\(settings.clients) clients trained one encoder together \(rounds), and no image left its client."
            case .centralized: "One site with all patients trained an encoder \(rounds)."
            case .local: "\(settings.clients) clients each trained an encoder \(rounds); this is the average."
            }
        if let warning { return story + " A warning from the last three rounds: \(warning)" }
        return story + ((reports.last?.metrics[.separation] ?? 0) < 0.1 ? "" : separation ?? "")
    }

    private var facts: [(name: String, value: String)] {
        let last = reports.last?.metrics ?? [:]
        let megabytes = reports.reduce(0) { $0 + $1.bytesUp + $1.bytesDown }
        let results =
            hasTwoLosses
            ? [
                ("Final local loss", Numeral.text(last[.localLoss])),
                ("Final remote loss", Numeral.text(last[.remoteLoss])),
                ("Final separation", Numeral.text(last[.separation])),
            ] : [("Final loss", Numeral.text(last[.loss]))]
        return [
            ("Method", title), ("Clients", "\(settings.clients)"),
            ("Rounds", "\(reports.count) of \(settings.trainedRounds)"), ("Encoder", "width \(settings.width)"),
            ("Slices", "\(settings.size) × \(settings.size) pixels of \(settings.spacing) mm"),
            ("Seed", "\(settings.seed)"),
        ] + results
            + (settings.collaboration == .fedavg
                ? [("Total traffic", Numeral.text(Double(megabytes) / 1e6, decimals: 1) + " MB")] : [])
            + [("Total time", ProgressLine.duration(reports.reduce(0) { $0 + $1.seconds.total }))]
    }

    // Sections

    /// An explanation for readers who know neither the field nor the program.
    private var story: HTMLPage.Section {
        var texts = [
            "A magnetic resonance scan of the heart is a stack of slices. Outlining the chambers in them is slow expert "
                + "work, so hospitals have many scans and few outlines. This run used scans alone. It trained an encoder: "
                + "a network that turns a slice into a short list of numbers, its features."
        ]
        if hasTwoLosses {
            texts.append(
                "Without outlines, it learned from position. Every stack was cut into \(settings.partitions) partitions, "
                    + "from the base of the heart to its apex. Slices of the same partition show the same anatomy, so "
                    + "their features should be similar, in all patients; those of different partitions should differ. "
                    + "Training with such pairs is called contrastive learning.")
        }
        if settings.collaboration == .fedavg, settings.methodType.isTrained {
            let exchange = banks.isEmpty || !settings.exchange ? "" : exchangeStory
            texts.append(
                "Images stayed where they were. Each client, one hospital, trained a copy of the encoder on its own "
                    + "scans, and a server averaged the copies after every round.\(exchange)")
        }
        return HTMLPage.Section("What this page shows", texts.map(HTMLPage.Item.text))
    }

    private var exchangeStory: String {
        hasTwoLosses
            ? " The clients also exchanged features, so a slice could be compared with those of other hospitals." : ""
    }

    private var nextSteps: HTMLPage.Section {
        let encoder =
            "The encoder is the file encoder.safetensors next to this page; PyTorch reads it too. It initializes a "
            + "segmentation network, which is fine-tuned with a few outlined scans."
        guard let next else { return HTMLPage.Section("What to do next", [.text(encoder)]) }
        return HTMLPage.Section(
            "What to do next",
            [
                .text(encoder + " This command does so, and compares the result with random initial weights:"),
                .code(next),
            ])
    }

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
    private var probes: HTMLPage.Section? {
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

    private var features: HTMLPage.Section? {
        FeatureMap(banks, partitions: settings.partitions, partition: settings.partition(ofTag:)).map {
            HTMLPage.Section("A map of the features", [.figure($0.figure)])
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

    private var rounds: HTMLPage.Section {
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

    private var missing: [HTMLPage.Section] {
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

/// Quoting of command-line arguments.
enum Shell {
    /// Returns a quoted path, relative to the current directory if it lies inside.
    static func path(_ url: URL) -> String {
        let (path, here) = (url.path, FileManager.default.currentDirectoryPath + "/")
        return word(path.hasPrefix(here) ? String(path.dropFirst(here.count)) : path)
    }

    /// Returns a word, quoted if a shell would not read it as one.
    static func word(_ text: String) -> String {
        let isPlain = text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_-./=,".contains($0)) }
        return isPlain ? text : "'" + text.replacing("'", with: #"'\''"#) + "'"
    }
}
