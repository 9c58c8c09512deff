import Federation
import FileIO
import Foundation
import Synchronization
import Testing

/// A run is killed before every single step that it takes on disk, each write being of a few bytes, and then opened again.
struct RunStoreCrashTests {
    private static func files(_ round: Int) -> [String: Data] {
        ["model": Data("weights of \(round)".utf8), "optimizer": Data([UInt8(round), 2])]
    }

    /// A disk that stops before its step number `step`, and with `once` goes on after it; what was written stays.
    private static func disk(stoppingBefore step: Int, once: Bool = false) -> Disk {
        let counter = Counter()
        var disk = Disk()
        disk.synchronizes = false
        disk.chunkLength = 5
        disk.beforeStep = { (name) throws(FileError) in
            let number = counter.next()
            if once ? number == step : number >= step { throw .unwritable(path: name, reason: "killed") }
        }
        return disk
    }

    private final class Counter: Sendable {
        private let value = Mutex(0)

        func next() -> Int {
            value.withLock { value in
                value += 1
                return value - 1
            }
        }
    }

    /// Opens the run and takes it to round 4, with a checkpoint after rounds 0, 1, 2 and 4.
    private static func run(_ directory: URL, disk: Disk) throws -> RunStore {
        var store = try RunStore(directory: directory, disk: disk)
        if try store.checkpoint() == nil { try store.save(files(0)) }
        while store.round < 4 {
            try store.record(emptyReport(store.round + 1))
            if store.round != 3 { try store.save(files(store.round)) }
        }
        return store
    }

    @Test func everyStepMayBeTheLast() throws {
        var step = 0
        var restored: Set<Int> = []
        while true {
            let directory = try TemporaryDirectory()
            let finished = try? Self.run(directory.url, disk: Self.disk(stoppingBefore: step))
            if finished != nil { break }
            try check(directory, killedBefore: step, restored: &restored)
            step += 1
        }
        #expect(step > 150, "so many steps were tried")
        #expect(restored == [0, 1, 2, 4])
    }

    /// A second crash, while the first is being mended, does no harm either.
    @Test func everyStepOfTheRepairMayBeTheLast() throws {
        let broken = try TemporaryDirectory()
        _ = try Self.run(broken.url, disk: Self.disk(stoppingBefore: .max))
        try Data([1]).write(to: broken.url.appendingPathComponent("checkpoints/round-000004/model"))
        for name in ["checkpoints/.partial", "checkpoints/.discarded"] {
            let stray = broken.url.appendingPathComponent(name)
            try FileManager.default.createDirectory(at: stray, withIntermediateDirectories: true)
        }
        var step = 0
        var restored: Set<Int> = []
        while true {
            let directory = try broken.copy()
            let opened = try? RunStore(directory: directory.url, disk: Self.disk(stoppingBefore: step))
            if let opened {
                #expect(opened.round == 2)
                break
            }
            try check(directory, killedBefore: step, restored: &restored)
            step += 1
        }
        #expect(step > 7)
        #expect(restored == [2])
    }

    private func check(_ directory: TemporaryDirectory, killedBefore step: Int, restored: inout Set<Int>) throws {
        let quiet = Self.disk(stoppingBefore: .max)
        do {
            let store = try RunStore(directory: directory.url, disk: quiet)
            if let checkpoint = try store.checkpoint() {
                restored.insert(checkpoint.round)
                #expect(checkpoint.files == Self.files(checkpoint.round), "killed before step \(step)")
            }
            let lines = (0..<store.round).map { emptyReport($0 + 1).line }.reduce(Data(), +)
            let journal = try? Data(contentsOf: directory.url.appendingPathComponent("rounds.jsonl"))
            #expect(journal ?? Data() == lines, "killed before step \(step)")
        }
        let store = try Self.run(directory.url, disk: quiet)
        #expect(try store.reports() == (1...4).map(emptyReport), "killed before step \(step)")
        #expect(try store.checkpoint()?.files == Self.files(4), "killed before step \(step)")
    }

    /// A write that failed is no crash: the same run tries again.
    @Test func whatFailedCanBeTriedAgain() throws {
        var step = 0
        var failures = 1
        while failures > 0 {
            failures = 0
            let directory = try TemporaryDirectory()
            let disk = Self.disk(stoppingBefore: step, once: true)
            func attempt(_ body: () throws -> Void) throws {
                do { try body() } catch {
                    failures += 1
                    try body()
                }
            }
            var store: RunStore!
            try attempt { store = try RunStore(directory: directory.url, disk: disk) }
            for round in 1...3 {
                try attempt { try store.record(emptyReport(round)) }
                try attempt { try store.save(Self.files(round)) }
            }
            #expect(try store.reports() == (1...3).map(emptyReport), "failed at step \(step)")
            store = nil
            let reopened = try RunStore(directory: directory.url, disk: Self.disk(stoppingBefore: .max))
            #expect(try reopened.reports() == (1...3).map(emptyReport), "failed at step \(step)")
            #expect(try reopened.checkpoint()?.files == Self.files(3), "failed at step \(step)")
            #expect(reopened.repairs.isEmpty)
            step += 1
        }
        #expect(step > 100)
    }
}
