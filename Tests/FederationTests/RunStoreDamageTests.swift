import Federation
import FileIO
import Foundation
import Testing

/// What a crash, a full disk or a bad medium leaves behind. The runs here have rounds 1, 2 and 3, with checkpoints of 2
/// and 3.
struct RunStoreDamageTests {
    private let original: TemporaryDirectory

    private static let fast: Disk = {
        var disk = Disk()
        disk.synchronizes = false
        return disk
    }()

    init() throws {
        original = try TemporaryDirectory()
        var store = try RunStore(directory: original.url, disk: Self.fast)
        for round in 1...3 {
            try store.record(emptyReport(round))
            try store.save(Self.files(round))
        }
    }

    private static func files(_ round: Int) -> [String: Data] {
        ["model": Data("weights \(round)".utf8), "bank": Data([UInt8(round), 0, 1])]
    }

    /// Opens the run and takes it on to round 5, checking that every line is there once.
    private func goOn(_ directory: TemporaryDirectory, expecting round: Int, _ what: String) throws {
        var store = try RunStore(directory: directory.url, disk: Self.fast)
        try #require(store.round == round, "\(what)")
        #expect(try store.checkpoint()?.files == Self.files(round), "\(what)")
        let journal = try Data(contentsOf: directory.url.appendingPathComponent("rounds.jsonl"))
        #expect(journal == (1...round).map { emptyReport($0).line }.reduce(Data(), +), "\(what)")
        for next in round + 1...5 {
            try store.record(emptyReport(next))
            try store.save(Self.files(next))
        }
        #expect(try store.reports() == (1...5).map(emptyReport), "\(what)")
        let names = try FileManager.default.contentsOfDirectory(
            atPath: directory.url.appendingPathComponent("checkpoints").path)
        let whole = names.filter { !$0.hasPrefix("damaged-") }.sorted()
        #expect(whole == ["latest", "round-000004", "round-000005"], "\(what)")
        #expect(round == 3 || names.contains("damaged-round-000003"), "\(what): nothing is removed that may be of use")
    }

    @Test(arguments: ["model", "bank", "manifest.json"]) func aFileTruncatedAnywhere(name: String) throws {
        let path = "checkpoints/round-000003/\(name)"
        let whole = try Data(contentsOf: original.url.appendingPathComponent(path))
        for length in 0..<whole.count {
            let copy = try original.copy()
            try whole.prefix(length).write(to: copy.url.appendingPathComponent(path))
            try goOn(copy, expecting: 2, "\(name) cut to \(length) bytes")
        }
    }

    @Test(arguments: ["model", "bank", "manifest.json"]) func aFileFlippedAnywhere(name: String) throws {
        let path = "checkpoints/round-000003/\(name)"
        let whole = try Data(contentsOf: original.url.appendingPathComponent(path))
        for position in stride(from: 0, to: whole.count, by: 3) {
            let copy = try original.copy()
            var data = whole
            data[position] ^= 1
            try data.write(to: copy.url.appendingPathComponent(path))
            try goOn(copy, expecting: 2, "\(name), byte \(position)")
        }
    }

    @Test(arguments: ["model", "bank", "manifest.json"]) func aFileMissingOrTooLong(name: String) throws {
        for missing in [true, false] {
            let copy = try original.copy()
            let url = copy.url.appendingPathComponent("checkpoints/round-000003/\(name)")
            if missing {
                try FileManager.default.removeItem(at: url)
            } else {
                try (Data(contentsOf: url) + [0]).write(to: url)
            }
            try goOn(copy, expecting: 2, "\(name) \(missing ? "missing" : "too long")")
        }
    }

    @Test func theRepairIsReported() throws {
        try Data([1]).write(to: original.url.appendingPathComponent("checkpoints/round-000003/model"))
        let store = try RunStore(directory: original.url, disk: Self.fast)
        #expect(store.repairs.count == 2)
        #expect(store.repairs.first == "round-000003: model is damaged")
        #expect(store.repairs.last?.hasPrefix("rounds.jsonl: ") == true)
    }

    @Test func aTornLastLineIsCutOff() throws {
        let line = emptyReport(4).line
        for length in 0...line.count {
            let copy = try original.copy()
            let journal = copy.url.appendingPathComponent("rounds.jsonl")
            try (Data(contentsOf: journal) + line.prefix(length)).write(to: journal)
            try goOn(copy, expecting: 3, "\(length) bytes of line 4")
        }
    }

    @Test func aJournalThatIsTooShortGoesWithAnEarlierCheckpoint() throws {
        let whole = (1...3).map { emptyReport($0).line }
        let lengths = whole.map(\.count)
        for length in 0..<lengths.reduce(0, +) {
            let copy = try original.copy()
            let journal = copy.url.appendingPathComponent("rounds.jsonl")
            try whole.reduce(Data(), +).prefix(length).write(to: journal)
            if length >= lengths[0] + lengths[1] {
                try goOn(copy, expecting: 2, "\(length) bytes of rounds.jsonl")
            } else {
                #expect(throws: FederationError.self) { try RunStore(directory: copy.url, disk: Self.fast) }
                #expect(try Data(contentsOf: journal).count == length, "nothing is lost by trying")
            }
        }
    }

    @Test func strayFilesAreRemoved() throws {
        let checkpoints = original.url.appendingPathComponent("checkpoints")
        for name in [".partial", ".discarded"] {
            let stray = checkpoints.appendingPathComponent(name)
            try FileManager.default.createDirectory(at: stray, withIntermediateDirectories: true)
            try Data([1]).write(to: stray.appendingPathComponent("model"))
        }
        try Data().write(to: checkpoints.appendingPathComponent(".latest"))
        try goOn(original, expecting: 3, "stray files")
    }

    @Test func aLostLinkIsMadeAgain() throws {
        let latest = original.url.appendingPathComponent("checkpoints/latest")
        try FileManager.default.removeItem(at: latest)
        _ = try RunStore(directory: original.url, disk: Self.fast)
        #expect(try Data(contentsOf: latest.appendingPathComponent("model")) == Self.files(3)["model"])
    }

    @Test func withoutAnyWholeCheckpointNothingIsTouched() throws {
        for round in 2...3 {
            let url = original.url.appendingPathComponent("checkpoints/round-00000\(round)/bank")
            try FileManager.default.removeItem(at: url)
        }
        let error = #expect(throws: FederationError.self) { try RunStore(directory: original.url, disk: Self.fast) }
        #expect(
            error
                == .noWholeCheckpoint(
                    directory: original.url.appendingPathComponent("checkpoints").path,
                    damage: [
                        "round-000003: bank is missing or longer than 3 bytes",
                        "round-000002: bank is missing or longer than 3 bytes",
                    ]))
        let journal = try Data(contentsOf: original.url.appendingPathComponent("rounds.jsonl"))
        #expect(journal == (1...3).map { emptyReport($0).line }.reduce(Data(), +))
    }

    @Test(arguments: ["../../secret", "/etc/hostname", "", ".", ".hidden", "a/b", "manifest.json"])
    func namesInAManifestStayInside(name: String) throws {
        let directory = try TemporaryDirectory()
        try Data([1]).write(to: directory.url.appendingPathComponent("secret"))
        do {
            var store = try RunStore(directory: directory.url, disk: Self.fast)
            try store.save(["model": Data([1])])
        }
        let url = directory.url.appendingPathComponent("checkpoints/round-000000/manifest.json")
        try Manifest(round: 0, journalLength: 0, files: ["model": Data([1])]).encoded.write(to: url)
        #expect(try RunStore(directory: directory.url, disk: Self.fast).checkpoint()?.files == ["model": Data([1])])
        try Manifest(round: 0, journalLength: 0, files: ["model": Data([1]), name: Data([1])]).encoded.write(to: url)
        let error = FederationError.noWholeCheckpoint(
            directory: directory.url.appendingPathComponent("checkpoints").path,
            damage: ["round-000000: manifest.json is missing or damaged"])
        #expect(throws: error) { try RunStore(directory: directory.url, disk: Self.fast) }
    }
}
