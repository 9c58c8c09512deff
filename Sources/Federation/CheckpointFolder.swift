import FileIO
import Foundation

/// A folder of checkpoints, each of which is either complete under its own name or absent.
struct CheckpointFolder: Sendable {
    let url: URL
    let disk: Disk

    /// Returns the directory of the checkpoint of a round.
    func location(of round: Int) -> URL {
        let digits = String(round)
        return url.appendingPathComponent("round-" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits)
    }

    /// Returns the rounds that have a checkpoint, complete or not, in ascending order.
    func rounds() throws(FederationError) -> [Int] {
        try Self.names(url).compactMap { name in
            guard name.hasPrefix("round-"), let round = Int(name.dropFirst(6)), round >= 0 else { return nil }
            return location(of: round).lastPathComponent == name ? round : nil
        }.sorted()
    }

    /// Writes a checkpoint under a temporary name, and renames it when all of it is on the storage medium.
    ///
    /// - Precondition: The manifest is that of the files, and names are plain file names other than `manifest.json`.
    func write(_ manifest: Manifest, _ files: [String: Data]) throws(FederationError) {
        for name in files.keys {
            precondition(Manifest.isPlain(name), "a checkpoint cannot hold a file named '\(name)'")
        }
        let partial = url.appendingPathComponent(".partial")
        try io { (disk) throws(FileError) in
            try disk.remove(partial)
            try disk.makeDirectory(partial)
            for (name, contents) in files.sorted(by: { $0.key < $1.key }) {
                try disk.create(partial.appendingPathComponent(name), contents: contents)
            }
            try disk.create(partial.appendingPathComponent(Manifest.name), contents: manifest.encoded)
            try disk.synchronize(directory: partial)
        }
        try discard(manifest.round)
        try io { (disk) throws(FileError) in try disk.move(partial, to: location(of: manifest.round)) }
        try synchronize()
    }

    /// Reads a checkpoint and verifies every byte against its manifest.
    func read(_ round: Int) throws(Flaw) -> (checkpoint: Checkpoint, manifest: Manifest) {
        let directory = location(of: round)
        let name = directory.lastPathComponent
        guard let data = try contents(directory.appendingPathComponent(Manifest.name), limit: 1 << 24),
            let manifest = Manifest(decoding: data), manifest.round == round
        else { throw .damaged("\(name): \(Manifest.name) is missing or damaged") }
        var files: [String: Data] = [:]
        for (file, expected) in manifest.files {
            guard let data = try contents(directory.appendingPathComponent(file), limit: expected.bytes) else {
                throw .damaged("\(name): \(file) is missing or longer than \(expected.bytes) bytes")
            }
            guard expected.matches(data) else { throw .damaged("\(name): \(file) is damaged") }
            files[file] = data
        }
        return (Checkpoint(round: round, files: files), manifest)
    }

    /// Removes a checkpoint so that, under its own name, it is either complete or absent.
    func discard(_ round: Int) throws(FederationError) {
        let location = location(of: round)
        guard FileManager.default.fileExists(atPath: location.path) else { return }
        let discarded = url.appendingPathComponent(".discarded")
        try io { (disk) throws(FileError) in
            try disk.remove(discarded)
            try disk.move(location, to: discarded)
            try disk.remove(discarded)
        }
    }

    /// Renames a checkpoint so that it is none of the run's any more.
    func rename(_ round: Int, as prefix: String) throws(FederationError) {
        let location = location(of: round)
        let target = try Self.unused("\(prefix)-\(location.lastPathComponent)", in: url)
        try io { (disk) throws(FileError) in try disk.move(location, to: target) }
    }

    /// Removes what a killed process left behind.
    func removeRemains() throws(FederationError) {
        for name in try Self.names(url) where name.hasPrefix(".") {
            try io { (disk) throws(FileError) in try disk.remove(url.appendingPathComponent(name)) }
        }
    }

    /// Waits until the names of the checkpoints are on the storage medium.
    func synchronize() throws(FederationError) {
        try io { (disk) throws(FileError) in try disk.synchronize(directory: url) }
    }

    /// Performs a file operation, converting its errors to errors of the run.
    func io<Result>(_ operation: (Disk) throws(FileError) -> Result) throws(FederationError) -> Result {
        do throws(FileError) { return try operation(disk) } catch { throw FederationError(error) }
    }

    /// Returns the contents of a file of at most `limit` bytes; `nil` if it is longer or does not exist.
    private func contents(_ url: URL, limit: Int) throws(Flaw) -> Data? {
        do throws(FileError) { return try disk.contents(of: url, limit: limit) } catch {
            throw .unreadable(FederationError(error))
        }
    }

    /// Returns the names in a directory.
    static func names(_ directory: URL) throws(FederationError) -> [String] {
        do { return try FileManager.default.contentsOfDirectory(atPath: directory.path) } catch {
            throw .unreadable(path: directory.path, reason: error.localizedDescription)
        }
    }

    /// Returns a name in a directory that no file has, with a number if necessary.
    static func unused(_ name: String, in directory: URL) throws(FederationError) -> URL {
        let taken = Set(try names(directory))
        let free = taken.contains(name) ? (2...).lazy.map { "\(name).\($0)" }.first { !taken.contains($0) }! : name
        return directory.appendingPathComponent(free)
    }
}

/// The reason that a checkpoint cannot be used.
enum Flaw: Error {
    /// Its bytes are not those that were saved.
    case damaged(String)
    /// Its bytes cannot be read at the moment.
    case unreadable(FederationError)

    func federationError(in directory: URL) -> FederationError {
        switch self {
        case .unreadable(let error): error
        case .damaged(let reason): .noWholeCheckpoint(directory: directory.path, damage: [reason])
        }
    }
}
