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
            sections: [story]
                + (reports.isEmpty ? [] : [charts.learning, features, charts.probes, charts.cost, charts.rounds])
                .compactMap(\.self)
                + charts.missing + (isRunning ? [] : [nextSteps]))
        page.refresh = isRunning ? 30 : nil
        return page.html
    }

    private var title: String { settings.methodType.title }
    private var charts: RoundCharts { RoundCharts(settings: settings, reports: reports) }
    private var hasTwoLosses: Bool { charts.hasTwoLosses }

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

    private var features: HTMLPage.Section? {
        FeatureMap(banks, partitions: settings.partitions, partition: settings.partition(ofTag:)).map {
            HTMLPage.Section("A map of the features", [.figure($0.figure)])
        }
    }
}
