import ArgumentParser
import Experiments
import Foundation
import Volumes

/// Everything that determines a run: what is written to `config.json` and read back from there.
struct Settings: RunSettings {
    /// What is compared, and how networks are trained.
    var training = FineTuningSettings()
    /// The release that is read; the only one in the folder if absent.
    var release: HVSMR.Release?
    /// The axis across which slices are taken.
    var sliceAxis = HVSMR.SliceAxis.automatic
    /// The seed of the order in which patients are dealt to folds.
    var splitSeed: UInt64 = 1

    static let optionalKeys: Set<String> = ["release", "training.width", "training.size", "training.spacing"]

    func validate() throws(Failure) { try training.validate() }
}

/// The command line: what is given here goes before the file of `--config`, which goes before the defaults.
struct Arguments: ParsableArguments {
    @OptionGroup var training: FineTuningArguments

    @Option(help: "The release to read where the folder holds several.")
    var release: HVSMR.Release?
    @Option(help: "The axis of the files across which slices are taken (default: automatic).")
    var sliceAxis: HVSMR.SliceAxis?
    @Option(help: "The seed of the order in which patients are dealt to folds (default: 1).")
    var splitSeed: UInt64?

    /// The settings of a new run.
    func settings() throws(Failure) -> Settings {
        var settings = Settings()
        if let config = training.config { settings = try Settings(contentsOf: URL(fileURLWithPath: config)) }
        settings.training = training.applied(to: settings.training)
        if let release { settings.release = release }
        if let sliceAxis { settings.sliceAxis = sliceAxis }
        if let splitSeed { settings.splitSeed = splitSeed }
        try settings.validate()
        return settings
    }

    func validate() throws {
        let given: [(String, Bool)] = [
            ("--release", release != nil), ("--slice-axis", sliceAxis != nil), ("--split-seed", splitSeed != nil),
        ]
        try training.refuse(given.filter(\.1).map(\.0))
    }
}

extension HVSMR.Release: ExpressibleByArgument {}
extension HVSMR.SliceAxis: ExpressibleByArgument {}
