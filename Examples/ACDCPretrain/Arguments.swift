import ArgumentParser
import Experiments
import Foundation

/// The command line: what is given here goes before the file of `--config`, which goes before the defaults.
struct Arguments: ParsableArguments {
    @Option(help: "The folder of patients in the ACDC layout (…/training).", completion: .directory)
    var data: String?
    @Option(
        help: "The folder for the run's files (default: runs/ and the time).", completion: .directory)
    var output: String?
    @Option(help: "Go on with the run in this folder, from its last complete round.", completion: .directory)
    var resume: String?
    @Option(help: "A JSON file of settings; options given here go before it.", completion: .file())
    var config: String?

    @OptionGroup var options: PretrainingOptions

    @Option(help: "Threads, which do not change the result (default: one for each core).")
    var threads: Int?
    @Flag(help: "Print a JSON object a round on standard output.")
    var json = false
    @Flag(help: "Print nothing but errors on standard error.")
    var quiet = false

    /// The settings of a new run.
    func settings() throws(Failure) -> PretrainingSettings {
        var settings = PretrainingSettings()
        if let config { settings = try PretrainingSettings(contentsOf: URL(fileURLWithPath: config)) }
        // In full, so that the run goes on from any directory.
        if let data { settings.data = URL(fileURLWithPath: data).path }
        settings = options.applied(to: settings)
        try settings.validate()
        return settings.resolved
    }

    /// The folder of a new run.
    var outputFolder: URL {
        if let output { return URL(fileURLWithPath: output) }
        let name = Date().formatted(.iso8601.dateSeparator(.omitted).timeSeparator(.omitted))
        let candidates = (1...1000).lazy.map { "runs/" + name + ($0 > 1 ? "-\($0)" : "") }
        return URL(fileURLWithPath: candidates.first { !FileManager.default.fileExists(atPath: $0) } ?? "runs/" + name)
    }

    /// Options that `--resume` does not take, because the run has them already.
    private var settingsGiven: [String] {
        [("--data", data), ("--output", output), ("--config", config)].filter { $0.1 != nil }.map(\.0) + options.given
    }

    func validate() throws {
        if let threads, !(1...1024).contains(threads) {
            throw ValidationError("--threads \(threads): a number from 1 to 1024 is expected.")
        }
        if resume != nil, let other = settingsGiven.first {
            throw ValidationError("--resume takes the settings of the run itself; leave out \(other).")
        }
    }
}
