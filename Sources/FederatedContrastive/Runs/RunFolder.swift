import FileIO
import Foundation

/// The folder of one run, with its settings, `config.json`, and the machine it was started on, `environment.json`.
public struct RunFolder<Settings: RunSettings>: Sendable {
    /// The location of the folder.
    public let url: URL
    /// The settings of the run.
    public let settings: Settings
    /// The settings on disk, which those of the run equal or extend; `nil` if the run is new.
    private let written: Settings?

    /// Describes the folder of a new run, which ``prepare()`` creates once the run can start.
    ///
    /// - Throws: `RunError` if it already holds a run.
    public init(new url: URL, settings: Settings) throws(RunError) {
        self.init(url, settings, written: nil)
        if FileManager.default.fileExists(atPath: url.appendingPathComponent("config.json").path) {
            throw Self.occupied(url)
        }
    }

    /// Opens the folder of a run to continue with the same settings or with some that extend them, or of a new one.
    ///
    /// - Throws: `RunError` if it holds a run with other settings, or cannot be read or written.
    public init(_ url: URL, settings: Settings) throws(RunError) {
        guard FileManager.default.fileExists(atPath: url.appendingPathComponent("config.json").path) else {
            try self.init(new: url, settings: settings)
            return
        }
        try settings.validate()
        let written = try Self(resuming: url).settings
        guard settings.extends(written) else {
            let differences = written.differences(from: settings).prefix(3).joined(separator: "; ")
            throw .conflict(
                "\(url.path) holds a run with other settings in config.json (\(differences)); choose another --output, "
                    + "or give the same options.")
        }
        self.init(url, settings, written: written)
    }

    /// Opens the folder of a run to continue.
    ///
    /// - Throws: `RunError` if it holds none, or one whose settings cannot be read.
    public init(resuming url: URL) throws(RunError) {
        let config = url.appendingPathComponent("config.json")
        guard FileManager.default.fileExists(atPath: config.path) else {
            throw .missing("\(url.path) does not hold a run: it has no config.json.")
        }
        let settings = try Settings(contentsOf: config)
        try settings.validate()
        self.init(url, settings, written: settings)
    }

    private init(_ url: URL, _ settings: Settings, written: Settings?) {
        (self.url, self.settings, self.written) = (url, settings, written)
    }

    /// Creates the folder of a new run, which only its owner can enter, with its settings and a description of this
    /// machine; writes the settings of an existing run if they were extended.
    ///
    /// - Throws: `RunError` if it cannot be created or written.
    public func prepare() throws(RunError) {
        let config = url.appendingPathComponent("config.json")
        if let written {
            if written != settings { try write(settings.encoded(), to: config.lastPathComponent) }
            return
        }
        // Under a lock, so that of two processes that begin here at the same time one finds the other's settings.
        let lock: DirectoryLock
        do throws(FileError) {
            try Disk().makeDirectory(url)
            lock = try DirectoryLock(url)
        } catch {
            throw .cannotCreate("\(error)")
        }
        defer { withExtendedLifetime(lock) {} }
        if let known = try? Data(contentsOf: config) {
            if try known == settings.encoded() { return }
            throw Self.occupied(url)
        }
        if let facts = try? JSON.encoded(Provenance(), pretty: true) { try write(facts, to: "environment.json") }
        try write(settings.encoded(), to: config.lastPathComponent)
    }

    private static func occupied(_ url: URL) -> RunError {
        .cannotCreate(
            "\(url.path) already holds a run; choose another --output, or continue it by --resume \(url.path).")
    }

    /// Writes a file of the run atomically: it appears under its name only when complete.
    ///
    /// - Throws: `RunError.unwritable`.
    public func write(_ contents: Data, to name: String) throws(RunError) {
        let file = url.appendingPathComponent(name)
        do throws(FileError) { try DurableFile.write(contents, to: file, isPrivate: true) } catch {
            throw .unwritable("\(error)")
        }
    }
}
