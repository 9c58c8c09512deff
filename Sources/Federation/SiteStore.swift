import FileIO
import Foundation

/// What a site keeps on its own disk between the rounds of the runs in which it takes part.
///
/// ```
/// state/run-name/round-000041/…      what the site needs to train round 42
/// state/run-name/round-000042/…
/// ```
///
/// Every state is verified against its checksums, and one that is damaged is skipped and renamed. The folder belongs to
/// one process, and the runs that were used last are kept.
public final class SiteStore: Sendable {
    /// The number of runs kept.
    public static let keptRuns = 5
    /// The problem with the folder that a person should know, if there is one.
    public let notice: String?

    private let folder: URL
    private let disk: Disk
    private let lock: DirectoryLock

    /// Opens a folder, creating it if necessary.
    ///
    /// - Throws: `FederationError` if another process uses it, or it cannot be written.
    public convenience init(folder: URL) throws(FederationError) { try self.init(folder: folder, disk: Disk()) }

    package init(folder: URL, disk: Disk) throws(FederationError) {
        (self.folder, self.disk) = (folder, disk)
        do throws(FileError) {
            try disk.makeDirectory(folder)
            lock = try DirectoryLock(folder)
        } catch {
            throw FederationError(error)
        }
        notice =
            lock.isEffective
            ? nil : "the file system of \(folder.path) has no locks; see that no other process works there"
    }

    /// Returns the states of a run, and removes those of the runs that were used least recently.
    ///
    /// - Precondition: The name is valid, see ``ClientName``, and begins with a letter or a digit.
    /// - Throws: `FederationError` if the folder cannot be read or written.
    public func states(ofRun name: String) throws(FederationError) -> SiteStates {
        precondition(ClientName.isValid(name) && name.first != ".", "a run named '\(name)'")
        let states = CheckpointFolder(url: folder.appendingPathComponent(name), disk: disk)
        let isNew = !FileManager.default.fileExists(atPath: states.url.path)
        try states.io { (disk) throws(FileError) in try disk.makeDirectory(states.url) }
        try states.removeRemains()
        if isNew { try removeOldRuns(except: name) }
        return SiteStates(folder: states)
    }

    private func removeOldRuns(except name: String) throws(FederationError) {
        let runs = try CheckpointFolder.names(folder).filter { $0 != name && !$0.hasPrefix(".") }
        let ages = runs.map { run in
            let url = folder.appendingPathComponent(run)
            let attributes = try? FileManager.default.attributesOfItem(atPath: url.path)
            return (url: url, date: attributes?[.modificationDate] as? Date ?? .distantPast)
        }
        let old = ages.sorted { ($0.date, $0.url.path) > ($1.date, $1.url.path) }.dropFirst(Self.keptRuns - 1)
        do throws(FileError) { for run in old { try disk.remove(run.url) } } catch { throw FederationError(error) }
    }
}

/// The states of a site after each of the last rounds of a run.
public struct SiteStates: Sendable {
    let folder: CheckpointFolder
    /// The number of rounds kept: those of the server's checkpoints, and one for a round that may have to be repeated.
    private static let kept = 3
    private static let file = "state.safetensors"

    /// Returns the last round after which the site has a state; 0 before the first.
    ///
    /// - Throws: `FederationError.unreadable`.
    public func lastRound() throws(FederationError) -> Int { try folder.rounds().last ?? 0 }

    /// Returns the state after the last round before `round`; `nil` if there is none.
    ///
    /// - Parameters:
    ///   - round: The round about to begin.
    ///   - repairs: Receives a sentence for each later state that is damaged and was renamed.
    /// - Throws: `FederationError.unreadable` if a state cannot be read, which may be sound.
    public func state(
        before round: Int, repairs: inout [String]
    ) throws(FederationError) -> (round: Int, state: Data)? {
        for candidate in try folder.rounds().reversed() where candidate < round {
            do throws(Flaw) {
                if let state = try folder.read(candidate).checkpoint.files[Self.file] {
                    return (candidate, state)
                }
            } catch {
                guard case .damaged(let reason) = error else { throw error.federationError(in: folder.url) }
                repairs.append(reason)
                try folder.rename(candidate, as: "damaged")
            }
        }
        return nil
    }

    /// Saves the state after a round, and removes outdated and later states.
    ///
    /// - Throws: `FederationError.unwritable`.
    public func keep(_ state: Data, after round: Int) throws(FederationError) {
        let files = [Self.file: state]
        try folder.write(Manifest(round: round, journalLength: 0, files: files), files)
        for other in try folder.rounds() where other > round || other <= round - Self.kept { try folder.discard(other) }
    }
}
