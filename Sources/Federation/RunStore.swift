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
///
/// The last checkpoints are kept, and every tenth, to which a run can return whose model went wrong later. A damaged
/// checkpoint is renamed and never removed, and one that cannot be read is left as it is: a failing cable is no damage.
public struct RunStore: Sendable {
    /// The directory of the run.
    public let directory: URL
    /// The last recorded round; initially, the round of the checkpoint from which the run continues.
    public private(set) var round = 0
    /// The problems repaired when the run was opened, one sentence each.
    public private(set) var repairs: [String] = []

    private let folder: CheckpointFolder
    private let kept: Int
    private let milestone: Int?
    private let lock: DirectoryLock
    private var journalLength = 0
    private var hasCheckpoint = false

    /// Opens the run in a directory, creating it if necessary, and restores its newest complete checkpoint.
    ///
    /// - Parameters:
    ///   - directory: The directory of the run.
    ///   - round: The round to return to; later checkpoints and lines are set aside under other names. By default, the
    ///     last one.
    ///   - kept: The number of checkpoints to keep; older ones are removed.
    ///   - milestone: Rounds divisible by this number keep their checkpoint for good; `nil` for none.
    /// - Precondition: `kept ≥ 2`, so that there is another one in case the newest is damaged.
    /// - Throws: `FederationError` if another process uses the directory, if it cannot be read or written, if there are
    ///   checkpoints but none of them is complete, or if there is none of `round`.
    public init(
        directory: URL, from round: Int? = nil, keeping kept: Int = 2, milestone: Int? = 10
    ) throws(FederationError) {
        try self.init(directory: directory, from: round, keeping: kept, milestone: milestone, disk: Disk())
    }

    package init(
        directory: URL, from round: Int? = nil, keeping kept: Int = 2, milestone: Int? = 10, disk: Disk
    ) throws(FederationError) {
        precondition(kept >= 2, "\(kept) checkpoints to keep: expected at least 2")
        precondition(milestone ?? 1 > 0, "a milestone every \(milestone ?? 1) rounds")
        (self.directory, self.kept, self.milestone) = (directory, kept, milestone)
        folder = CheckpointFolder(url: directory.appendingPathComponent("checkpoints"), disk: disk)
        do throws(FileError) {
            try disk.makeDirectory(folder.url)
            lock = try DirectoryLock(directory)
        } catch {
            throw FederationError(error)
        }
        if !lock.isEffective {
            repairs.append("the file system of \(directory.path) has no locks; see that no other process works there")
        }
        if let round { try setAside(after: round) }
        try recover()
    }

    private var journal: URL { directory.appendingPathComponent("rounds.jsonl") }

    /// Appends the report of the next round to `rounds.jsonl`.
    ///
    /// - Precondition: `report.round == round + 1`.
    /// - Throws: `FederationError.unwritable`. The next attempt removes a partially written line.
    public mutating func record(_ report: RoundReport) throws(FederationError) {
        precondition(report.round == round + 1, "round \(report.round) cannot be recorded after round \(round)")
        let line = report.line
        try folder.io { (disk) throws(FileError) in try disk.extend(journal, after: journalLength, with: line) }
        if journalLength == 0 {
            try folder.io { (disk) throws(FileError) in try disk.synchronize(directory: directory) }
        }
        journalLength += line.count
        round = report.round
    }

    /// Saves the files that the run needs to continue after the last recorded round, and removes the oldest
    /// checkpoints.
    ///
    /// - Precondition: Names are plain file names other than `manifest.json`.
    /// - Throws: `FederationError.unwritable`. Earlier checkpoints are unchanged.
    public mutating func save(_ files: [String: Data]) throws(FederationError) {
        try folder.write(Manifest(round: round, journalLength: journalLength, files: files), files)
        hasCheckpoint = true
        try link(to: round)
        for old in try folder.rounds().dropLast(kept) where !isMilestone(old) { try folder.discard(old) }
        try folder.synchronize()
    }

    /// Returns whether the checkpoint of a round is kept for good. The one before the first round is not: every new run
    /// makes it.
    private func isMilestone(_ round: Int) -> Bool {
        guard let milestone else { return false }
        return round > 0 && round.isMultiple(of: milestone)
    }

    /// Returns the checkpoint from which the run continues, or `nil` if there is none yet.
    ///
    /// - Throws: `FederationError.noWholeCheckpoint` if it was damaged after it was saved or the run was opened.
    public func checkpoint() throws(FederationError) -> Checkpoint? {
        guard hasCheckpoint, let newest = try folder.rounds().last else { return nil }
        do throws(Flaw) { return try folder.read(newest).checkpoint } catch {
            throw error.federationError(in: folder.url)
        }
    }

    /// Returns the reports of all rounds recorded so far.
    ///
    /// - Throws: `FederationError.unreadable` if something else changed `rounds.jsonl`.
    public func reports() throws(FederationError) -> [RoundReport] {
        if journalLength == 0 { return [] }
        let data = try lines()
        guard data.count >= journalLength else {
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
    /// Restores the newest complete checkpoint, removing partial ones and later lines of the journal; damaged ones are
    /// renamed.
    private mutating func recover() throws(FederationError) {
        let lines = try lines()
        var damaged: [Int] = []
        for candidate in try folder.rounds().reversed() {
            do throws(Flaw) {
                let manifest = try folder.read(candidate).manifest
                try check(lines, against: manifest)
                round = candidate
                journalLength = manifest.journalLength
                hasCheckpoint = true
                break
            } catch {
                guard case .damaged(let reason) = error else { throw error.federationError(in: folder.url) }
                damaged.append(candidate)
                repairs.append(reason)
            }
        }
        // What processes left behind that were killed while they wrote.
        try folder.removeRemains()
        for name in try CheckpointFolder.names(directory)
        where name.hasPrefix(".") && name.hasSuffix(DurableFile.temporarySuffix) {
            try folder.io { (disk) throws(FileError) in try disk.remove(directory.appendingPathComponent(name)) }
        }
        guard hasCheckpoint else {
            if !damaged.isEmpty { throw .noWholeCheckpoint(directory: folder.url.path, damage: repairs) }
            try setAside(lines)
            return
        }
        if lines.count > journalLength {
            repairs.append("rounds.jsonl: \(lines.count - journalLength) bytes after round \(round) were cut off")
            try folder.io { (disk) throws(FileError) in try disk.extend(journal, after: journalLength, with: Data()) }
        }
        try link(to: round)
        for candidate in damaged { try folder.rename(candidate, as: "damaged") }
        try folder.synchronize()
    }

    /// Makes `latest` a link to the checkpoint of a round, if it is none already.
    private func link(to round: Int) throws(FederationError) {
        let latest = folder.url.appendingPathComponent("latest")
        let name = folder.location(of: round).lastPathComponent
        if (try? FileManager.default.destinationOfSymbolicLink(atPath: latest.path)) != name {
            try folder.io { (disk) throws(FileError) in try disk.link(latest, to: name) }
        }
    }

    /// Sets aside the checkpoints and lines after a round.
    ///
    /// Lines are copied, since the journal is cut off only when all later checkpoints are gone. A process that is killed
    /// here leaves a run at a round between.
    private mutating func setAside(after round: Int) throws(FederationError) {
        let saved = try folder.rounds()
        guard saved.contains(round) else { throw .noCheckpoint(directory: folder.url.path, round: round, saved: saved) }
        let lines = try lines()
        do throws(Flaw) { try check(lines, against: folder.read(round).manifest) } catch {
            throw error.federationError(in: folder.url)
        }
        guard saved.last != round else { return }
        let name = "rounds.after-\(folder.location(of: round).lastPathComponent).jsonl"
        let copy = try CheckpointFolder.unused(name, in: directory)
        try folder.io { (disk) throws(FileError) in try disk.create(copy, contents: lines) }
        for later in saved.reversed() where later > round { try folder.rename(later, as: "set-aside") }
        repairs.append(
            "the checkpoints after round \(round) are set aside in \(folder.url.path), and all lines so far in "
                + copy.lastPathComponent)
    }

    /// Sets aside the journal of a run without a checkpoint, which starts over.
    ///
    /// Existing lines may be all that remains of another run, so they are kept under another name.
    private mutating func setAside(_ lines: Data) throws(FederationError) {
        if lines.isEmpty { return }
        let orphan = try CheckpointFolder.unused("rounds.orphaned.jsonl", in: directory)
        try folder.io { (disk) throws(FileError) in try disk.move(journal, to: orphan) }
        repairs.append("rounds.jsonl belonged to no checkpoint and is now \(orphan.lastPathComponent)")
    }

    /// Returns the contents of the journal, which may not exist yet.
    private func lines() throws(FederationError) -> Data {
        try folder.io { (disk) throws(FileError) in try disk.contents(of: journal, limit: .max) } ?? Data()
    }

    /// Checks that the journal contains the lines up to a checkpoint, and that the last of them belongs to its round.
    private func check(_ journal: Data, against manifest: Manifest) throws(Flaw) {
        let name = folder.location(of: manifest.round).lastPathComponent
        let lines = journal.prefix(manifest.journalLength)
        guard lines.count == manifest.journalLength else {
            throw .damaged("\(name): rounds.jsonl has \(journal.count) of at least \(manifest.journalLength) bytes")
        }
        guard let end = lines.last else { return }
        struct Line: Decodable { let round: Int }
        let last = lines.dropLast().split(separator: 0x0A).last ?? Data()
        guard end == 0x0A, let line = try? JSONDecoder().decode(Line.self, from: Data(last)),
            line.round == manifest.round
        else { throw .damaged("\(name): rounds.jsonl does not have round \(manifest.round) where expected") }
    }
}
