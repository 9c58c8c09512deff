import ArgumentParser
import Experiments
import Foundation
import Phantoms
import Tensor

/// The tables of the paper by one command: plan → runs of the other programs → tables beside the paper's numbers.
@main
struct PaperTables: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "PaperTables",
        abstract: "Pre-trains by every method, fine-tunes from each, and writes the paper's tables beside its numbers.",
        discussion: """
            Runs ACDCPretrain, ACDCFineTune and HVSMRTransfer, which have to be built too, each in a folder of its own \
            below --output. What is done is not done again: the same call goes on after Ctrl-C or a power cut. Writes \
            tables.md, tables.csv and tables.html.

            Exit codes: those of the programs, and 64 wrong options, 66 no input, 73 and 74 cannot write.
            """)

    @Option(help: "The folder of ACDC's patients.", completion: .directory)
    var data: String?
    @Option(help: "The folder of HVSMR 2016, for the table of the transfer.", completion: .directory)
    var hvsmr: String?
    @Option(help: "The folder for all runs and the tables.", completion: .directory)
    var output: String
    @Option(help: "Rows, such as fcl,random,fedSimCLR (default: all).")
    var methods: String?
    @Option(help: "Annotated patients (default: 1,2,4,8).")
    var annotated: Numbers?
    @Option(help: "Folds (default: 0-4).")
    var folds: Numbers?
    @Option(help: "Seeds of the fine-tuning (default: 1).")
    var seeds: Numbers?
    @Option(help: "Rounds of pre-training (default: 100).")
    var rounds: Int?
    @Option(help: "Rounds of fine-tuning (default: 60).")
    var fineTuningRounds: Int?
    @Option(help: "Channels of the first level (default: 16).")
    var width: Int?
    @Option(help: "Rows and columns of a slice (default: 128).")
    var size: Int?
    @Option(help: "Distance between pixels in mm (default: 1.75).")
    var spacing: Double?
    @Option(help: "Seed of the split and of pre-training (default: 1).")
    var seed: UInt64?
    @Flag(help: "Small and few: shows in minutes what the tables look like. On phantoms where --data is not given.")
    var quick = false
    @Flag(help: "Print nothing but errors on standard error.")
    var quiet = false

    func run() async throws {
        try await supervised("PaperTables", quiet: quiet, makeTables)
    }

    @Sendable private func makeTables(_ progress: ProgressLine) async throws {
        let home = URL(fileURLWithPath: output)
        if quick, data == nil { try await makePhantoms(in: home) }
        let settings = try settings(home: home)
        let folder = try RunFolder(home, settings: settings)

        // What is missing is run.
        let plan = Plan(settings, in: home)
        for (index, step) in plan.steps.enumerated() where !step.isDone {
            let waiting = plan.steps[(index + 1)...].filter { !$0.isDone }.count
            progress.say("[\(index + 1)/\(plan.steps.count)] \(step.title); \(waiting) to follow")
            progress.say("  \(step.program) \(step.call.joined(separator: " "))")
            try await Program(step.program).run(step.call + (quiet ? ["--quiet"] : []))
        }

        // Tables.
        let tables = try plan.tables.map { try ResultTable($0.kind, contentsOf: $0.file) }
        let document = TableDocument(settings: settings, tables: tables)
        try folder.write(Data(document.markdown.utf8), to: "tables.md")
        try folder.write(Data(document.csv.utf8), to: "tables.csv")
        try folder.write(Data(document.html.utf8), to: "tables.html")
        progress.say(document.markdown)
        progress.say("wrote \(home.path)/tables.html after \(ProgressLine.duration(progress.seconds))")
    }

    private func settings(home: URL) throws(Failure) -> Settings {
        var settings = quick ? .quick : Settings()
        func apply<Value>(_ value: Value?, to setting: WritableKeyPath<Settings, Value>) {
            if let value { settings[keyPath: setting] = value }
        }
        apply(data.map { URL(fileURLWithPath: $0).path } ?? (quick ? phantoms(home, "acdc/training") : nil), to: \.data)
        apply(hvsmr.map { URL(fileURLWithPath: $0).path }.map(Optional.some), to: \.hvsmr)
        if quick, data == nil { settings.hvsmr = phantoms(home, "hvsmr") }
        if let methods {
            settings.methods = try methods.split(separator: ",").map { name throws(Failure) in
                guard let method = Method(rawValue: String(name)) else {
                    throw .usage(
                        "--methods: there is no method '\(name)'; there are "
                            + Method.allCases.map(\.rawValue).joined(separator: ", ") + ".")
                }
                return method
            }
        }
        apply(annotated?.values, to: \.annotated)
        apply(folds?.values, to: \.folds)
        apply(seeds.map { $0.values.map(UInt64.init) }, to: \.seeds)
        apply(rounds, to: \.rounds)
        apply(fineTuningRounds, to: \.fineTuningRounds)
        apply(width, to: \.width)
        apply(size, to: \.size)
        apply(spacing, to: \.spacing)
        apply(seed, to: \.seed)
        try settings.validate()
        return settings
    }

    private func phantoms(_ home: URL, _ name: String) -> String {
        home.appendingPathComponent("phantoms/\(name)").path
    }

    /// Synthetic patients of both data sets.
    private func makePhantoms(in home: URL) async throws {
        if FileManager.default.fileExists(atPath: phantoms(home, "hvsmr")) { return }
        let program = try Program("MakePhantoms")
        try? FileManager.default.removeItem(atPath: phantoms(home, ""))
        try await program.run(["--output", phantoms(home, "acdc"), "--patients", "16", "--seed", "1", "--quiet"])
        // Under another name until it is whole: the last thing to be there.
        try await program.run([
            "--format", "hvsmr", "--output", phantoms(home, "hvsmr.partial"), "--patients", "6", "--spacing", "4",
            "--quiet",
        ])
        try FileManager.default.moveItem(atPath: phantoms(home, "hvsmr.partial"), toPath: phantoms(home, "hvsmr"))
    }
}
