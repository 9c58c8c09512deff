import Foundation
import Tensor

/// The folder of one run, with what it was made of: `config.json` and `environment.json`.
package struct RunFolder<Settings: RunSettings>: Sendable {
    package let url: URL
    package let settings: Settings

    /// A folder for a new run.
    package init(creating url: URL, settings: Settings) throws(Failure) {
        (self.url, self.settings) = (url, settings)
        let config = url.appendingPathComponent("config.json")
        if FileManager.default.fileExists(atPath: config.path) {
            throw .cannotCreate(
                "\(url.path) already holds a run; choose another --output, or go on with it by --resume \(url.path).")
        }
        do { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) } catch {
            throw .cannotCreate("\(url.path) cannot be created: \(error.localizedDescription)")
        }
        try write(Self.environment(), to: "environment.json")
        try write(settings.encoded(), to: "config.json")
    }

    /// A folder for a new run, or for one with the same settings that goes on.
    package init(_ url: URL, settings: Settings) throws(Failure) {
        guard FileManager.default.fileExists(atPath: url.appendingPathComponent("config.json").path) else {
            try self.init(creating: url, settings: settings)
            return
        }
        try self.init(resuming: url)
        if self.settings != settings {
            throw .usage(
                "\(url.path) holds a run with other settings (config.json); choose another --output, or give the same "
                    + "options.")
        }
    }

    /// The folder of a run that goes on.
    package init(resuming url: URL) throws(Failure) {
        self.url = url
        let config = url.appendingPathComponent("config.json")
        guard FileManager.default.fileExists(atPath: config.path) else {
            throw .noInput("\(url.path) does not hold a run: it has no config.json.")
        }
        settings = try Settings(contentsOf: config)
        try settings.validate()
    }

    /// Writes a file of the run under a temporary name first, so that it is never seen half written.
    package func write(_ contents: Data, to name: String) throws(Failure) {
        let file = url.appendingPathComponent(name)
        do { try contents.write(to: file, options: .atomic) } catch {
            throw .cannotWrite("\(file.path) cannot be written: \(error.localizedDescription)")
        }
    }

    /// What the bits of a run may depend on besides its settings.
    private static func environment() -> Data {
        let information = ProcessInfo.processInfo
        let facts: [String: Any] = [
            "started": ISO8601DateFormatter().string(from: Date()),
            "system": information.operatingSystemVersionString,
            "cores": information.activeProcessorCount,
            "blas": Machine.blas,
            "kernels": Machine.instructionSet,
        ]
        let options: JSONSerialization.WritingOptions = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try! JSONSerialization.data(withJSONObject: facts, options: options) + Data("\n".utf8)
    }
}
