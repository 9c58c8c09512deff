import FileIO
import Foundation
import Tensor

/// The folder of one run, with its settings, `config.json`, and the machine it was started on, `environment.json`.
public struct RunFolder<Settings: RunSettings>: Sendable {
    /// The location of the folder.
    public let url: URL
    /// The settings of the run.
    public let settings: Settings

    /// Describes the folder of a new run, which ``prepare()`` creates once the run can start.
    ///
    /// - Throws: `RunError` if it already holds a run.
    public init(new url: URL, settings: Settings) throws(RunError) {
        (self.url, self.settings) = (url, settings)
        if FileManager.default.fileExists(atPath: url.appendingPathComponent("config.json").path) {
            throw .cannotCreate(
                "\(url.path) already holds a run; choose another --output, or continue it by --resume \(url.path).")
        }
    }

    /// Opens the folder of a run with the same settings to continue, or of a new one.
    ///
    /// - Throws: `RunError` if it holds a run with other settings, or cannot be read or written.
    public init(_ url: URL, settings: Settings) throws(RunError) {
        guard FileManager.default.fileExists(atPath: url.appendingPathComponent("config.json").path) else {
            try self.init(new: url, settings: settings)
            return
        }
        try self.init(resuming: url)
        if self.settings != settings {
            throw .conflict(
                "\(url.path) holds a run with other settings (config.json); choose another --output, or give the same "
                    + "options.")
        }
    }

    /// Opens the folder of a run to continue.
    ///
    /// - Throws: `RunError` if it holds none, or one whose settings cannot be read.
    public init(resuming url: URL) throws(RunError) {
        self.url = url
        let config = url.appendingPathComponent("config.json")
        guard FileManager.default.fileExists(atPath: config.path) else {
            throw .missing("\(url.path) does not hold a run: it has no config.json.")
        }
        settings = try Settings(contentsOf: config)
        try settings.validate()
    }

    /// Creates the folder of a new run, with its settings and a description of this machine; does nothing for an
    /// existing run.
    ///
    /// - Throws: `RunError` if it cannot be created or written.
    public func prepare() throws(RunError) {
        let config = url.appendingPathComponent("config.json")
        if FileManager.default.fileExists(atPath: config.path) { return }
        do { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) } catch {
            throw .cannotCreate("\(url.path) cannot be created: \(error.localizedDescription)")
        }
        if let facts = try? JSON.encoded(Environment(), pretty: true) { try write(facts, to: "environment.json") }
        try write(settings.encoded(), to: config.lastPathComponent)
    }

    /// Writes a file of the run atomically: it appears under its name only when complete.
    ///
    /// - Throws: `RunError.unwritable`.
    public func write(_ contents: Data, to name: String) throws(RunError) {
        let file = url.appendingPathComponent(name)
        do throws(FileError) { try DurableFile.write(contents, to: file) } catch { throw .unwritable("\(error)") }
    }
}

/// The properties of the machine that may affect the bits of a run in addition to its settings.
private struct Environment: Encodable {
    let started = ISO8601DateFormatter().string(from: Date())
    let system = ProcessInfo.processInfo.operatingSystemVersionString
    let cores = ProcessInfo.processInfo.activeProcessorCount
    let blas = Machine.blas
    let kernels = Machine.instructionSet
}
