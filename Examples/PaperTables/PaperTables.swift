import ArgumentParser
import FederatedContrastive
import Foundation
import Volumes
import Support
import Phantoms
import Tensor

/// Reproduction of the paper's tables by one command: pre-training → fine-tuning → tables next to the paper's numbers.
@main
struct PaperTables: AsyncParsableCommand, Sendable {
    static let configuration = CommandConfiguration(
        commandName: "PaperTables",
        abstract:
            "Pre-trains by every method, fine-tunes from each, and writes the paper's tables next to its numbers.",
        discussion: """
            Does the same as ACDCPretrain, ACDCFineTune, and HVSMRTransfer, with a folder below --output for every \
            pre-training and fine-tuning. Finished work is not repeated: after Ctrl-C or a power cut, the same call \
            continues, and one with more at the end of --methods, --annotated, --folds, or --seeds trains what is \
            new. Writes tables.md, tables.csv, and tables.html, each time a table is complete.

            Exit codes: those of the three programs, and 64 wrong options, 66 no input, 73 and 74 cannot write.
            """,
        version: Provenance.versionLine)

    struct TableOptions: SettingOptions {
        @Option(help: "The folder of ACDC's patients.", completion: .directory)
        var data: AbsolutePath?
        @Option(help: "The folder of HVSMR 2016, for the transfer table.", completion: .directory)
        var hvsmr: AbsolutePath?
        @Option(name: .customLong("methods"), help: "Rows, such as fcl,random,fedSimCLR (default: all).")
        var rows: Names?
        @Option(
            help: """
                Fine-tuning by this package's recipe with searched rates, or by the paper's protocol with the rate that \
                brings random weights nearest to the paper's (default: tuned).
                """)
        var regime: Regime?
        @Option(help: "Numbers of annotated patients (default: 1,2,4,8).")
        var annotated: Numbers?
        @Option(help: "Folds (default: 0-4).")
        var folds: Numbers?
        @Option(help: "Seeds of fine-tuning (default: 1).")
        var seeds: Numbers?
        @Option(help: "Rounds of pre-training (default: 100).")
        var rounds: Int?
        @Option(help: "Steps of fine-tuning of every client (default: 2400).")
        var fineTuningSteps: Int?
        @Option(
            name: .customLong("learning-rate"),
            help: ArgumentHelp(
                "The rates among which the tuned regime chooses (default: 1e-3,2e-3,4e-3); one for no search.",
                valueName: "rates"))
        var learningRates: DecimalNumbers?
        @Option(
            name: .customLong("encoder-rate"),
            help: ArgumentHelp(
                "The encoder's, as fractions of those (default: 1,0.1); one for no search.", valueName: "fractions"))
        var encoderRates: DecimalNumbers?
        @Option(help: "Rounds of fine-tuning in the paper's regime (default: 100).")
        var fineTuningRounds: Int?
        @Flag(inversion: .prefixedNo, help: "Fine-tune on images without labels too (default: no).")
        var unlabelled: Bool?
        @Option(help: "Channels of the first level (default: 16).")
        var width: Int?
        @Option(help: "Rows and columns of a slice (default: 144).")
        var size: Int?
        @Option(help: "Pixel spacing in mm (default: 1.5).")
        var spacing: Double?
        @Option(help: "Seed of the split and of pre-training (default: 1).")
        var seed: UInt64?
    }

    @OptionGroup var table: TableOptions
    @Option(help: "The folder for all runs and the tables.", completion: .directory)
    var output: String
    @Flag(help: "Show within minutes what the tables look like, with tiny runs; on phantoms unless --data is given.")
    var quick = false
    @Flag(help: "Print nothing but errors on standard error.")
    var quiet = false

    func validate() throws {
        let unused: [(option: String, isGiven: Bool)] =
            table.regime == .paper
            ? [
                ("--learning-rate", table.learningRates != nil), ("--encoder-rate", table.encoderRates != nil),
                ("--fine-tuning-steps", table.fineTuningSteps != nil), ("--unlabelled", table.unlabelled == true),
            ] : [("--fine-tuning-rounds", table.fineTuningRounds != nil)]
        if let (option, _) = unused.first(where: \.isGiven) {
            throw ValidationError(
                "\(option) belongs to the \(table.regime == .paper ? "tuned" : "paper's") regime; leave it out, or "
                    + "pass --regime \(table.regime == .paper ? Regime.tuned : .paper).")
        }
    }

    func run() async throws {
        try await supervised("PaperTables", quiet: quiet, makeTables)
    }

    @Sendable private func makeTables(_ progress: ProgressLine) async throws {
        let home = URL(fileURLWithPath: output)
        var settings = quick ? Settings.quick : Settings()
        if quick, table.data == nil {
            try await makePhantoms(in: home)
            (settings.data, settings.hvsmr) = (phantoms(home, "acdc/training"), phantoms(home, "hvsmr"))
        }
        settings = try table.applied(to: settings)
        try settings.validate()
        let folder = try RunFolder(home, settings: settings)
        // A folder is not tied to data that cannot be read.
        _ = try DataSet(contentsOf: URL(fileURLWithPath: settings.data))
        try folder.prepare()

        // Encoders.
        for method in settings.pretrained {
            let run = try RunFolder(Settings.folder(of: method, in: home), settings: settings.pretraining(method))
            if FileManager.default.fileExists(atPath: run.url.appendingPathComponent("encoder.safetensors").path) {
                continue
            }
            let log = RoundLog(run, progress: progress, json: false)
            let pretraining = try await Pretraining(in: run, observer: log.observe)
            progress.say("pre-training: \(method.title)")
            log.begin(after: try await pretraining.reports)
            try await pretraining.train()
            let page = PretrainingPage(
                run, patients: pretraining.cohort.split, reports: try await pretraining.reports,
                banks: await pretraining.banks())
            try run.write(Data(page.html.utf8), to: "report.html")
        }

        // Tables.
        let scan = settings.regime == .paper ? try await rateScan(settings, home, progress) : nil
        let rate = scan?.best.rate
        var tables: [ResultTable] = []
        for (kind, mode) in [(ResultTable.Kind.local, Trial.Mode.local), (.federated, .federated)] {
            let run = settings.fineTuning(mode, in: home, paperRate: rate)
            tables.append(try await measured(kind, run, home, progress))
            try write(TableDocument(settings: settings, tables: tables, scan: scan), to: folder)
        }
        if let hvsmr = settings.hvsmr {
            let run = settings.transfer(hvsmr, in: home, paperRate: rate)
            tables.append(try await measured(.transfer, run, home, progress))
        }
        let document = TableDocument(settings: settings, tables: tables, scan: scan)
        try write(document, to: folder)
        progress.say(document.markdown)
        progress.say("wrote \(home.path)/tables.html after \(ProgressLine.duration(progress.seconds))")
    }

    private func write(_ document: TableDocument, to folder: RunFolder<Settings>) throws {
        try folder.write(Data(document.markdown.utf8), to: "tables.md")
        try folder.write(Data(document.csv.utf8), to: "tables.csv")
        try folder.write(Data(document.html.utf8), to: "tables.html")
    }

    /// Returns a table, running the trials that are not finished and reading those that are.
    private func measured(
        _ kind: ResultTable.Kind, _ settings: some CrossValidationSettings, _ home: URL, _ progress: ProgressLine
    ) async throws -> ResultTable {
        progress.say("fine-tuning: \(kind.title)")
        let run = try RunFolder(home.appendingPathComponent(kind.rawValue), settings: settings)
        return ResultTable(kind, try await crossValidate(in: run, threads: nil, json: false, progress))
    }

    /// Scores random weights with every rate of the paper's regime, or reads their scores.
    private func rateScan(_ settings: Settings, _ home: URL, _ progress: ProgressLine) async throws -> RateScan {
        var points: [RateScan.Point] = []
        for rate in Regime.paperRates {
            var dice: [Trial.Mode: Double] = [:]
            for mode in Trial.Mode.allCases {
                progress.say("scan: \(mode.rawValue), learning rate \(rate)")
                let run = try RunFolder(
                    home.appendingPathComponent("scan/\(mode.rawValue)-\(rate)"),
                    settings: settings.scan(mode, rate: rate, in: home))
                let report = try await crossValidate(in: run, threads: nil, json: false, progress)
                dice[mode] = report.cells[0].dice.mean ?? 0
            }
            points.append(.init(rate: rate, local: dice[.local]!, federated: dice[.federated]!))
        }
        return RateScan(points: points)
    }

    private func phantoms(_ home: URL, _ name: String) -> String {
        home.appendingPathComponent("phantoms/\(name)").path
    }

    /// Writes synthetic patients in the layouts of both data sets.
    private func makePhantoms(in home: URL) async throws {
        if FileManager.default.fileExists(atPath: phantoms(home, "hvsmr")) { return }
        try? FileManager.default.removeItem(atPath: phantoms(home, ""))
        let phantom = Phantom(seed: 1)
        try await phantom.write(patients: 16, to: URL(fileURLWithPath: phantoms(home, "acdc")))
        // Written last and renamed once complete, so the folder exists only when everything else does.
        try await phantom.writeWholeHearts(
            patients: 6, to: URL(fileURLWithPath: phantoms(home, "hvsmr.partial")), spacing: 4)
        try FileManager.default.moveItem(atPath: phantoms(home, "hvsmr.partial"), toPath: phantoms(home, "hvsmr"))
    }
}
