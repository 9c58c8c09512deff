import Federation
import FileIO
import Foundation
import Testing

/// What a site keeps between rounds.
struct SiteStoreTests {
    private let directory: TemporaryDirectory
    private let disk: Disk

    init() throws {
        directory = try TemporaryDirectory()
        var disk = Disk()
        disk.synchronizes = false
        self.disk = disk
    }

    private func store() throws -> SiteStore {
        try SiteStore(folder: directory.url.appendingPathComponent("state"), disk: disk)
    }

    private func state(_ round: Int) -> Data { Data("state after round \(round)".utf8) }

    @Test func theLastStatesAreKept() throws {
        let states = try store().states(ofRun: "a")
        #expect(try states.lastRound() == 0)
        var repairs: [String] = []
        #expect(try states.state(before: .max, repairs: &repairs) == nil)
        for round in 1...5 { try states.keep(state(round), after: round) }
        #expect(try states.lastRound() == 5)
        for (before, round) in [(Int.max, 5), (6, 5), (5, 4), (4, 3)] {
            let found = try #require(try states.state(before: before, repairs: &repairs))
            #expect(found.round == round && found.state == state(round))
        }
        #expect(try states.state(before: 3, repairs: &repairs) == nil)
        // A server that repeats round 4 takes the later state away.
        try states.keep(state(40), after: 4)
        #expect(try states.lastRound() == 4)
        #expect(repairs.isEmpty)
    }

    @Test func aDamagedStateIsSkippedSaidAndKept() throws {
        let store = try store()
        let states = try store.states(ofRun: "a")
        for round in 1...3 { try states.keep(state(round), after: round) }
        let folder = directory.url.appendingPathComponent("state/a")
        let file = folder.appendingPathComponent("round-000003/state.safetensors")
        var contents = try Data(contentsOf: file)
        contents[4] ^= 1
        try contents.write(to: file)
        var repairs: [String] = []
        let found = try #require(try states.state(before: .max, repairs: &repairs))
        #expect(found.round == 2 && found.state == state(2))
        #expect(repairs == ["round-000003: state.safetensors is damaged"])
        #expect(FileManager.default.fileExists(atPath: folder.appendingPathComponent("damaged-round-000003").path))
    }

    @Test func aFolderBelongsToOneProcess() throws {
        let first = try store()
        #expect(throws: FederationError.runInUse(directory: directory.url.appendingPathComponent("state").path)) {
            try store()
        }
        withExtendedLifetime(first) {}
    }

    @Test func theRunsUsedLastAreKept() throws {
        let store = try store()
        for number in 1...8 {
            try store.states(ofRun: "run-\(number)").keep(state(1), after: 1)
            // Times of files may be as coarse as a tick.
            let date = Date(timeIntervalSince1970: 1e9 + Double(number))
            let url = directory.url.appendingPathComponent("state/run-\(number)")
            try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: url.path)
        }
        let names = try FileManager.default.contentsOfDirectory(
            atPath: directory.url.appendingPathComponent("state").path)
        #expect(names.filter { $0.hasPrefix("run-") }.sorted() == (4...8).map { "run-\($0)" })
        let mode =
            try FileManager.default.attributesOfItem(
                atPath: directory.url.appendingPathComponent("state/run-8").path)[.posixPermissions] as? Int
        #expect(mode == 0o700)
    }
}
