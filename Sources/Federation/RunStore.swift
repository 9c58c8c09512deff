import FileIO
import Foundation

/// The state of a run on disk, from which it continues after being killed at any moment, even in the middle of a
/// write.
///
/// ```
/// runs/name/rounds.jsonl                    one line per round
/// runs/name/checkpoints/round-000041/…      the files of a checkpoint, and a list of them with checksums
/// runs/name/checkpoints/round-000042/…
/// runs/name/checkpoints/latest              → round-000042
/// ```
///
/// ```swift
/// var store = try RunStore(directory: directory)
/// if let checkpoint = try store.checkpoint() { … }         // continue after checkpoint.round
/// while federation.round < rounds {
///     try store.record(try await federation.runRound())
///     try store.save(["model.safetensors": …, "optimizer": …])
/// }
/// ```
///
/// A checkpoint is written under a temporary name, flushed to the storage medium, and renamed: under its own name, it
/// is always complete. It records the length of `rounds.jsonl`, so that lines of rounds that have to be repeated, and
/// a partially written line, are removed when the run is opened again: every round has exactly one line.
public struct RunStore: Sendable {
    /// The directory of the run.
    public let directory: URL
    /// The last recorded round; initially, the round of the checkpoint from which the run continues.
    public private(set) var round = 0
    /// The problems repaired when the run was opened, one sentence each.
    public private(set) var repairs: [String] = []

    let disk: Disk
    private let kept: Int
    private let lock: DirectoryLock
    private var journalLength = 0
    private var hasCheckpoint = false

    /// Opens the run in a directory, creating it if necessary, and restores its newest complete checkpoint.
    ///
    /// - Parameters:
    ///   - directory: The directory of the run.
    ///   - kept: The number of checkpoints to keep; older ones are removed.
    /// - Precondition: `kept ≥ 2`, so that there is another one in case the newest is damaged.
    /// - Throws: `FederationError` if another process uses the directory, if it cannot be written, or if there are
    ///   checkpoints but none of them is complete.
    public init(directory: URL, keeping kept: Int = 2) throws(FederationError) {
        try self.init(directory: directory, keeping: kept, disk: Disk())
    }

    package init(directory: URL, keeping kept: Int = 2, disk: Disk) throws(FederationError) {
        precondition(kept >= 2, "\(kept) checkpoints to keep: expected at least 2")
        self.directory = directory
        self.kept = kept
        self.disk = disk
        do throws(FileError) {
            try disk.makeDirectory(directory.appendingPathComponent("checkpoints"))
            try disk.synchronize(directory: directory)
            lock = try DirectoryLock(directory)
        } catch {
            throw FederationError(error)
        }
        try recover()
    }

    var checkpoints: URL { directory.appendingPathComponent("checkpoints") }
    var journal: URL { directory.appendingPathComponent("rounds.jsonl") }

    /// Appends the report of the next round to `rounds.jsonl`.
    ///
    /// - Precondition: `report.round == round + 1`.
    /// - Throws: `FederationError.unwritable`. The next attempt removes a partially written line.
    public mutating func record(_ report: RoundReport) throws(FederationError) {
        precondition(report.round == round + 1, "round \(report.round) cannot be recorded after round \(round)")
        let line = report.line
        try io { (disk) throws(FileError) in try disk.extend(journal, after: journalLength, with: line) }
        if journalLength == 0 { try io { (disk) throws(FileError) in try disk.synchronize(directory: directory) } }
        journalLength += line.count
        round = report.round
    }

    /// Saves the files that the run needs to continue after the last recorded round, and removes the oldest
    /// checkpoints.
    ///
    /// - Precondition: Names are plain file names other than `manifest.json`.
    /// - Throws: `FederationError.unwritable`. Earlier checkpoints are unchanged.
    public mutating func save(_ files: [String: Data]) throws(FederationError) {
        for name in files.keys {
            precondition(Manifest.isPlain(name), "a checkpoint cannot hold a file named '\(name)'")
        }
        let target = location(of: round)
        let partial = checkpoints.appendingPathComponent(".partial")
        try io { (disk) throws(FileError) in try disk.remove(partial) }
        try io { (disk) throws(FileError) in try disk.makeDirectory(partial) }
        for (name, contents) in files.sorted(by: { $0.key < $1.key }) {
            try io { (disk) throws(FileError) in
                try disk.create(partial.appendingPathComponent(name), contents: contents)
            }
        }
        let manifest = Manifest(round: round, journalLength: journalLength, files: files)
        try io { (disk) throws(FileError) in
            try disk.create(partial.appendingPathComponent(Manifest.name), contents: manifest.encoded)
        }
        try io { (disk) throws(FileError) in try disk.synchronize(directory: partial) }
        try discard(target)
        try io { (disk) throws(FileError) in try disk.move(partial, to: target) }
        try io { (disk) throws(FileError) in try disk.synchronize(directory: checkpoints) }
        hasCheckpoint = true
        try io { (disk) throws(FileError) in
            try disk.link(checkpoints.appendingPathComponent("latest"), to: target.lastPathComponent)
        }
        for old in try savedRounds().dropLast(kept) { try discard(location(of: old)) }
        try io { (disk) throws(FileError) in try disk.synchronize(directory: checkpoints) }
    }

    /// Returns the checkpoint from which the run continues, or `nil` if there is none yet.
    ///
    /// - Throws: `FederationError.noWholeCheckpoint` if it was damaged after it was saved or the run was opened.
    public func checkpoint() throws(FederationError) -> Checkpoint? {
        guard hasCheckpoint, let newest = try savedRounds().last else { return nil }
        do throws(Damage) { return try read(newest).checkpoint } catch {
            throw .noWholeCheckpoint(directory: checkpoints.path, damage: [error.description])
        }
    }

    /// Returns the reports of all rounds recorded so far.
    ///
    /// - Throws: `FederationError.unreadable` if something else changed `rounds.jsonl`.
    public func reports() throws(FederationError) -> [RoundReport] {
        if journalLength == 0 { return [] }
        guard let data = try? Data(contentsOf: journal), data.count >= journalLength else {
            throw .unreadable(path: journal.path, reason: "expected at least \(journalLength) bytes")
        }
        let decoder = JSONDecoder()
        var reports: [RoundReport] = []
        for line in data.prefix(journalLength).split(separator: 0x0A) {
            guard let report = try? decoder.decode(RoundReport.self, from: Data(line)) else {
                throw .unreadable(path: journal.path, reason: "line \(reports.count + 1) is not the report of a round")
            }
            reports.append(report)
        }
        return reports
    }
}

extension RunStore {
    /// Restores the newest complete checkpoint, removing newer ones, partial ones, and later lines of the journal.
    private mutating func recover() throws(FederationError) {
        for name in try names() where name.hasPrefix(".") {
            try io { (disk) throws(FileError) in try disk.remove(checkpoints.appendingPathComponent(name)) }
        }
        let lines = (try? Data(contentsOf: journal)) ?? Data()
        var damaged: [Int] = []
        for candidate in try savedRounds().reversed() {
            do throws(Damage) {
                let manifest = try read(candidate).manifest
                try check(lines, against: manifest)
                round = candidate
                journalLength = manifest.journalLength
                hasCheckpoint = true
                break
            } catch {
                damaged.append(candidate)
                repairs.append(error.description)
            }
        }
        guard hasCheckpoint else {
            if !damaged.isEmpty { throw .noWholeCheckpoint(directory: checkpoints.path, damage: repairs) }
            try setAside(lines)
            return
        }
        if lines.count > journalLength {
            repairs.append("rounds.jsonl: \(lines.count - journalLength) bytes after round \(round) were cut off")
            try io { (disk) throws(FileError) in try disk.extend(journal, after: journalLength, with: Data()) }
        }
        let latest = checkpoints.appendingPathComponent("latest")
        let name = location(of: round).lastPathComponent
        if (try? FileManager.default.destinationOfSymbolicLink(atPath: latest.path)) != name {
            try io { (disk) throws(FileError) in try disk.link(latest, to: name) }
        }
        for candidate in damaged { try discard(location(of: candidate)) }
        try io { (disk) throws(FileError) in try disk.synchronize(directory: checkpoints) }
    }

    /// Sets aside the journal of a run without a checkpoint, which starts over.
    ///
    /// Existing lines may be all that remains of another run, so they are kept under another name.
    private mutating func setAside(_ lines: Data) throws(FederationError) {
        if lines.isEmpty { return }
        let orphan = directory.appendingPathComponent("rounds.orphaned.jsonl")
        try io { (disk) throws(FileError) in try disk.move(journal, to: orphan) }
        repairs.append("rounds.jsonl belonged to no checkpoint and is now \(orphan.lastPathComponent)")
    }

    /// Removes a checkpoint so that, under its own name, it is either complete or absent.
    private func discard(_ url: URL) throws(FederationError) {
        guard FileManager.default.fileExists(atPath: url.path) else { return }
        let discarded = checkpoints.appendingPathComponent(".discarded")
        try io { (disk) throws(FileError) in try disk.remove(discarded) }
        try io { (disk) throws(FileError) in try disk.move(url, to: discarded) }
        try io { (disk) throws(FileError) in try disk.remove(discarded) }
    }
}

/// The reason that a checkpoint is incomplete.
struct Damage: Error, CustomStringConvertible {
    let description: String
}

extension RunStore {
    func location(of round: Int) -> URL {
        let digits = String(round)
        return checkpoints.appendingPathComponent(
            "round-" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits)
    }

    /// Returns the rounds that have a checkpoint, complete or not, in ascending order.
    func savedRounds() throws(FederationError) -> [Int] {
        try names().compactMap { name in
            guard name.hasPrefix("round-"), let round = Int(name.dropFirst(6)), round >= 0 else { return nil }
            return location(of: round).lastPathComponent == name ? round : nil
        }.sorted()
    }

    /// Returns the names in the directory of checkpoints.
    func names() throws(FederationError) -> [String] {
        do { return try FileManager.default.contentsOfDirectory(atPath: checkpoints.path) } catch {
            throw .unreadable(path: checkpoints.path, reason: error.localizedDescription)
        }
    }

    /// Reads a checkpoint and verifies every byte against its manifest.
    func read(_ round: Int) throws(Damage) -> (checkpoint: Checkpoint, manifest: Manifest) {
        let directory = location(of: round)
        let name = directory.lastPathComponent
        guard let data = contents(directory.appendingPathComponent(Manifest.name), limit: 1 << 24),
            let manifest = Manifest(decoding: data), manifest.round == round
        else { throw Damage(description: "\(name): \(Manifest.name) is missing or damaged") }
        var files: [String: Data] = [:]
        for (file, expected) in manifest.files {
            guard let data = contents(directory.appendingPathComponent(file), limit: expected.bytes) else {
                throw Damage(description: "\(name): \(file) is missing or longer than \(expected.bytes) bytes")
            }
            guard expected.matches(data) else {
                throw Damage(description: "\(name): \(file) is damaged")
            }
            files[file] = data
        }
        return (Checkpoint(round: round, files: files), manifest)
    }

    /// Returns the contents of a file of at most `limit` bytes.
    private func contents(_ url: URL, limit: Int) -> Data? { try? ReadableFile.contents(of: url, limit: limit) }

    /// Performs a file operation, converting its errors to errors of the run.
    private func io<Result>(_ operation: (Disk) throws(FileError) -> Result) throws(FederationError) -> Result {
        do throws(FileError) { return try operation(disk) } catch { throw FederationError(error) }
    }

    /// Checks that the journal contains the lines up to a checkpoint, and that the last of them belongs to its round.
    func check(_ journal: Data, against manifest: Manifest) throws(Damage) {
        let name = location(of: manifest.round).lastPathComponent
        let lines = journal.prefix(manifest.journalLength)
        guard lines.count == manifest.journalLength else {
            throw Damage(
                description: "\(name): rounds.jsonl has \(journal.count) of at least \(manifest.journalLength) bytes")
        }
        guard let end = lines.last else { return }
        struct Line: Decodable { let round: Int }
        let last = lines.dropLast().split(separator: 0x0A).last ?? Data()
        guard end == 0x0A, let line = try? JSONDecoder().decode(Line.self, from: Data(last)),
            line.round == manifest.round
        else { throw Damage(description: "\(name): rounds.jsonl does not have round \(manifest.round) where expected") }
    }
}
