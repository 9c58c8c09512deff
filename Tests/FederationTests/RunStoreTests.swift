import Federation
import Foundation
import Testing

struct RunStoreTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func names(_ folder: String = "checkpoints") throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: directory.url.appendingPathComponent(folder).path).sorted()
    }

    private func files(_ round: Int) -> [String: Data] {
        ["model": Data("model of round \(round)".utf8), "empty": Data()]
    }

    @Test func aFreshRunHasNothing() throws {
        let store = try RunStore(directory: directory.url.appendingPathComponent("a/b"))
        #expect(store.round == 0)
        #expect(try store.checkpoint() == nil)
        #expect(try store.reports().isEmpty)
        #expect(store.repairs.isEmpty)
    }

    @Test func whatWasSavedComesBack() throws {
        do {
            var store = try RunStore(directory: directory.url)
            try store.save(files(0))
            #expect(try store.checkpoint()?.files == files(0))
            for round in 1...4 {
                try store.record(emptyReport(round))
                try store.save(files(round))
            }
        }
        let store = try RunStore(directory: directory.url)
        #expect(store.round == 4)
        #expect(store.repairs.isEmpty)
        let checkpoint = try #require(try store.checkpoint())
        #expect(checkpoint.round == 4)
        #expect(checkpoint.files == files(4))
        #expect(try store.reports() == (1...4).map(emptyReport))
        #expect(try names() == ["latest", "round-000003", "round-000004"], "the last two, and no other file")
        let latest = directory.url.appendingPathComponent("checkpoints/latest/model")
        #expect(try Data(contentsOf: latest) == files(4)["model"])
    }

    @Test func moreCanBeKept() throws {
        var store = try RunStore(directory: directory.url, keeping: 3)
        for round in 1...5 {
            try store.record(emptyReport(round))
            try store.save(files(round))
        }
        #expect(try names() == ["latest", "round-000003", "round-000004", "round-000005"])
    }

    @Test func roundsWithoutACheckpointAreRepeated() throws {
        do {
            var store = try RunStore(directory: directory.url)
            for round in 1...5 {
                try store.record(emptyReport(round))
                if round.isMultiple(of: 2) { try store.save(files(round)) }
            }
        }
        var store = try RunStore(directory: directory.url)
        #expect(store.round == 4)
        #expect(try store.reports() == (1...4).map(emptyReport))
        #expect(store.repairs.count == 1)
        #expect(store.repairs.first?.hasSuffix("bytes after round 4 were cut off") == true)
        try store.record(emptyReport(5))
        #expect(try store.reports() == (1...5).map(emptyReport))
    }

    @Test func savingARoundTwiceKeepsTheSecond() throws {
        var store = try RunStore(directory: directory.url)
        try store.record(emptyReport(1))
        try store.save(files(1))
        try store.save(["other": Data([1])])
        #expect(try store.checkpoint()?.files == ["other": Data([1])])
    }

    @Test func aDirectoryBelongsToOneRun() throws {
        var store: RunStore? = try RunStore(directory: directory.url)
        #expect(store?.round == 0)
        #expect(throws: FederationError.runInUse(directory: directory.url.path)) {
            try RunStore(directory: directory.url)
        }
        store = nil
        #expect(throws: Never.self) { try RunStore(directory: directory.url) }
    }

    @Test func linesOfNoCheckpointAreSetAside() throws {
        do {
            var store = try RunStore(directory: directory.url)
            for round in 1...2 { try store.record(emptyReport(round)) }
        }
        var store = try RunStore(directory: directory.url)
        #expect(store.round == 0)
        #expect(store.repairs == ["rounds.jsonl belonged to no checkpoint and is now rounds.orphaned.jsonl"])
        try store.record(emptyReport(1))
        #expect(try store.reports() == [emptyReport(1)])
        let orphan = try Data(contentsOf: directory.url.appendingPathComponent("rounds.orphaned.jsonl"))
        #expect(orphan == emptyReport(1).line + emptyReport(2).line)
    }

    @Test func placesThatCannotBeWrittenAreNamed() throws {
        let file = directory.url.appendingPathComponent("file")
        try Data().write(to: file)
        let error = #expect(throws: FederationError.self) { try RunStore(directory: file) }
        #expect(error?.description.hasPrefix(file.path) == true)
    }
}
