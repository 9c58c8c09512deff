import Federation
import FileIO
import Foundation
import Synchronization
import Testing

/// Going back to an earlier round, and what is never removed.
struct RunStoreReturnTests {
    private let directory: TemporaryDirectory
    private let disk: Disk

    init() throws {
        directory = try TemporaryDirectory()
        var disk = Disk()
        disk.synchronizes = false
        self.disk = disk
        var store = try RunStore(directory: directory.url, disk: disk)
        for round in 1...23 {
            try store.record(emptyReport(round))
            try store.save(files(round))
        }
    }

    private func files(_ round: Int) -> [String: Data] { ["model": Data("model of round \(round)".utf8)] }

    private func names(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: directory.url.appendingPathComponent(folder).path).sorted()
    }

    @Test func everyTenthCheckpointIsKept() throws {
        #expect(
            try names("checkpoints") == ["latest", "round-000010", "round-000020", "round-000022", "round-000023"])
    }

    @Test func aRunReturnsToAnEarlierRoundAndLosesNothing() throws {
        let journal = try Data(contentsOf: directory.url.appendingPathComponent("rounds.jsonl"))
        do {
            var store = try RunStore(directory: directory.url, from: 10, disk: disk)
            #expect(store.round == 10)
            #expect(try store.checkpoint()?.files == files(10))
            #expect(try store.reports().map(\.round) == Array(1...10))
            #expect(store.repairs.count == 2)
            try store.record(emptyReport(11))
            try store.save(files(11))
        }
        #expect(
            try names("checkpoints") == [
                "latest", "round-000010", "round-000011", "set-aside-round-000020", "set-aside-round-000022",
                "set-aside-round-000023",
            ])
        let copy = directory.url.appendingPathComponent("rounds.after-round-000010.jsonl")
        #expect(try Data(contentsOf: copy) == journal)
        // A second return keeps what the first set aside.
        _ = try RunStore(directory: directory.url, from: 10, disk: disk)
        #expect(try names(".").contains("rounds.after-round-000010.jsonl.2"))
        #expect(try names("checkpoints").contains("set-aside-round-000011"))
    }

    @Test func onlyRoundsWithACheckpointCanBeReturnedTo() throws {
        let before = try names("checkpoints")
        let error = FederationError.noCheckpoint(
            directory: directory.url.appendingPathComponent("checkpoints").path, round: 11, saved: [10, 20, 22, 23])
        #expect(throws: error) { try RunStore(directory: directory.url, from: 11, disk: disk) }
        #expect(error.description.hasSuffix("no checkpoint of round 11; it has those of round 10, 20, 22, 23"))
        #expect(try names("checkpoints") == before)
    }

    /// EIO, or a network drive that is away: the file may be sound.
    @Test(arguments: ["model", "manifest.json", "rounds.jsonl"]) func whatCannotBeReadIsNotTakenForDamaged(
        name: String
    ) throws {
        let before = try names("checkpoints")
        var failing = disk
        failing.beforeReading = { file throws(FileError) in
            if file == name { throw .unreadable(path: file, reason: "Input/output error") }
        }
        #expect(throws: FederationError.unreadable(path: name, reason: "Input/output error")) {
            try RunStore(directory: directory.url, disk: failing)
        }
        #expect(try names("checkpoints") == before)
        let store = try RunStore(directory: directory.url, disk: disk)
        #expect(store.round == 23 && store.repairs.isEmpty)
    }

    @Test func aDamagedCheckpointIsRenamed() throws {
        for bytes in [1, 2] {
            let model = directory.url.appendingPathComponent("checkpoints/round-000023/model")
            try Data(count: bytes).write(to: model)
            var store = try RunStore(directory: directory.url, disk: disk)
            #expect(store.round == 22)
            try store.record(emptyReport(23))
            try store.save(files(23))
        }
        #expect(
            try names("checkpoints").filter { $0.hasPrefix("damaged") }
                == ["damaged-round-000023", "damaged-round-000023.2"])
    }

    @Test func onlyTheOwnerMayReadARun() throws {
        let fresh = directory.url.appendingPathComponent("a/run")
        var store = try RunStore(directory: fresh, disk: disk)
        try store.record(emptyReport(1))
        try store.save(files(1))
        let modes = try [
            "", "checkpoints", "checkpoints/round-000001", "checkpoints/round-000001/model", "rounds.jsonl", ".lock",
        ]
        .map { name in
            let attributes = try FileManager.default.attributesOfItem(atPath: fresh.appendingPathComponent(name).path)
            return (attributes[.posixPermissions] as? Int) ?? 0
        }
        #expect(modes == [0o700, 0o700, 0o700, 0o600, 0o600, 0o600])
    }

    @Test func temporaryFilesOfAKilledProcessAreRemoved() throws {
        let stray = directory.url.appendingPathComponent(".report.html.1234.tmp")
        let own = directory.url.appendingPathComponent(".notes")
        for file in [stray, own] { try Data([1]).write(to: file) }
        _ = try RunStore(directory: directory.url, disk: disk)
        #expect(try names(".").contains(".notes"))
        #expect(try !names(".").contains(stray.lastPathComponent))
    }
}
