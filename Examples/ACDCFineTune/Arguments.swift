import ArgumentParser
import Experiments
import Foundation

/// The command line: what is given here goes before the file of `--config`, which goes before the defaults.
struct Arguments: ParsableArguments {
    @OptionGroup var training: FineTuningArguments

    @Option(help: "Each client alone, or all together (default: federated).")
    var mode: Trial.Mode?
    @Option(help: "Sites among which the patients are divided (default: 10).")
    var clients: Int?
    @Option(help: "The seed of that division: the seed of the pre-training (default: 1).")
    var splitSeed: UInt64?
    @Flag(help: "Divide the patients of every diagnosis equally among clients and folds.")
    var stratified = false

    /// The settings of a new run.
    func settings() throws(Failure) -> Settings {
        var settings = Settings()
        if let config = training.config { settings = try Settings(contentsOf: URL(fileURLWithPath: config)) }
        settings.training = training.applied(to: settings.training)
        if let mode { settings.mode = mode }
        if let clients { settings.clients = clients }
        if let splitSeed { settings.splitSeed = splitSeed }
        if stratified { settings.stratified = true }
        try settings.validate()
        return settings
    }

    func validate() throws {
        let given: [(String, Bool)] = [
            ("--mode", mode != nil), ("--clients", clients != nil), ("--split-seed", splitSeed != nil),
            ("--stratified", stratified),
        ]
        try training.refuse(given.filter(\.1).map(\.0))
    }
}
