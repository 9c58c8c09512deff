import FileIO
import Foundation

/// The state of a run on disk, from which it goes on after it was killed at any moment, in the middle of a write too.
///
/// ```
/// runs/name/rounds.jsonl                    one line a round
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
/// A checkpoint is written under another name, brought to the medium, and renamed: under its own name it is always
/// whole. It says how long `rounds.jsonl` was, so that lines of rounds that have to be repeated, and a line torn in the
/// middle, are cut off when the run is opened again: every round has exactly one line.
public struct RunStore: Sendable {
    /// The directory of the run.
    public let directory: URL
    /// The last round that was recorded, or at first the round of the checkpoint with which the run goes on.
    public private(set) var round = 0
    /// What was found wrong and put right when the run was opened, one sentence each.
    public private(set) var repairs: [String] = []

    let disk: Disk
    private let kept: Int
    private let lock: DirectoryLock
    private var journalLength = 0
    private var hasCheckpoint = false

    /// Opens the run in a directory, which is created if need be, and brings it back to its newest whole checkpoint.
    ///
    /// - Parameters:
    ///   - directory: the directory of the run.
    ///   - kept: how many checkpoints are kept; the older ones are removed.
    /// - Precondition: `kept ≥ 2`, so that there is another one should the newest be damaged.
    /// - Throws: `FederationError` if another process uses the directory, if it cannot be written, or if there are
    ///   checkpoints but none of them is whole.
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
    /// - Throws: `FederationError.unwritable`. A line that was begun is cut off by the next attempt.
    public mutating func record(_ report: RoundReport) throws(FederationError) {
        precondition(report.round == round + 1, "round \(report.round) cannot be recorded after round \(round)")
        let line = report.line
        try io { (disk) throws(FileError) in try disk.extend(journal, after: journalLength, with: line) }
        if journalLength == 0 { try io { (disk) throws(FileError) in try disk.synchronize(directory: directory) } }
        journalLength += line.count
        round = report.round
    }

    /// Saves what the run needs to go on after the last round that was recorded, and removes the oldest checkpoints.
    ///
    /// - Precondition: names are plain file names, other than `manifest.json`.
    /// - Throws: `FederationError.unwritable`. Earlier checkpoints are as they were.
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

    /// The checkpoint after which the run goes on, or `nil` if there is none yet.
    ///
    /// - Throws: `FederationError.noWholeCheckpoint` if it was damaged since it was saved or the run was opened.
    public func checkpoint() throws(FederationError) -> Checkpoint? {
        guard hasCheckpoint, let newest = try savedRounds().last else { return nil }
        do throws(Damage) { return try read(newest).checkpoint } catch {
            throw .noWholeCheckpoint(directory: checkpoints.path, damage: [error.description])
        }
    }

    /// The reports of all rounds recorded so far.
    ///
    /// - Throws: `FederationError.unreadable` if `rounds.jsonl` was changed by something else.
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
    /// Goes back to the newest whole checkpoint: newer ones, half-written ones, and later lines of the journal go.
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

    /// Without a checkpoint a run begins again. Lines that are there may be all that is left of another run: they are
    /// kept under another name.
    private mutating func setAside(_ lines: Data) throws(FederationError) {
        if lines.isEmpty { return }
        let orphan = directory.appendingPathComponent("rounds.orphaned.jsonl")
        try io { (disk) throws(FileError) in try disk.move(journal, to: orphan) }
        repairs.append("rounds.jsonl belonged to no checkpoint and is now \(orphan.lastPathComponent)")
    }

    /// Removes a checkpoint in such a way that under its own name it is whole or not there.
    private func discard(_ url: URL) throws(FederationError) {
        guard FileManager.default.fileExists(atPath: url.path) else { return }
        let discarded = checkpoints.appendingPathComponent(".discarded")
        try io { (disk) throws(FileError) in try disk.remove(discarded) }
        try io { (disk) throws(FileError) in try disk.move(url, to: discarded) }
        try io { (disk) throws(FileError) in try disk.remove(discarded) }
    }
}

/// Why a checkpoint is not whole.
struct Damage: Error, CustomStringConvertible {
    let description: String
}

extension RunStore {
    func location(of round: Int) -> URL {
        let digits = String(round)
        return checkpoints.appendingPathComponent(
            "round-" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits)
    }

    /// The rounds that have a checkpoint, whole or not, in ascending order.
    func savedRounds() throws(FederationError) -> [Int] {
        try names().compactMap { name in
            guard name.hasPrefix("round-"), let round = Int(name.dropFirst(6)), round >= 0 else { return nil }
            return location(of: round).lastPathComponent == name ? round : nil
        }.sorted()
    }

    /// What is in the directory of checkpoints.
    func names() throws(FederationError) -> [String] {
        do { return try FileManager.default.contentsOfDirectory(atPath: checkpoints.path) } catch {
            throw .unreadable(path: checkpoints.path, reason: error.localizedDescription)
        }
    }

    /// Reads a checkpoint and compares every byte with its manifest.
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

    /// The contents of a file of at most `limit` bytes.
    private func contents(_ url: URL, limit: Int) -> Data? { try? ReadableFile.contents(of: url, limit: limit) }

    /// A file operation whose fault is one of the run.
    private func io<Result>(_ operation: (Disk) throws(FileError) -> Result) throws(FederationError) -> Result {
        do throws(FileError) { return try operation(disk) } catch { throw FederationError(error) }
    }

    /// Checks that the journal holds the lines up to a checkpoint, the last of them being of its round.
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
