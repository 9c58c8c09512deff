import FederatedContrastive
import Foundation
import Testing
import _TestSupport

struct RunFolderTests {
    /// Of two processes that begin in one folder at the same time, one begins, and the other says so.
    @Test func twoStartsInOneFolderDoNotMix() async throws {
        for attempt in 0..<20 {
            let folder = FileManager.default.temporaryDirectory.appendingPathComponent("runs-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: folder) }
            let outcomes = await withTaskGroup(of: Int?.self) { group in
                for rounds in 1...4 {
                    group.addTask {
                        var settings = PretrainingSettings()
                        settings.rounds = rounds
                        do {
                            try RunFolder(new: folder, settings: settings).prepare()
                            return rounds
                        } catch {
                            return nil
                        }
                    }
                }
                var began: [Int] = []
                for await outcome in group { if let outcome { began.append(outcome) } }
                return began
            }
            #expect(outcomes.count == 1, "attempt \(attempt)")
            let known = try JSONDecoder().decode(
                PretrainingSettings.self, from: Data(contentsOf: folder.appendingPathComponent("config.json")))
            #expect(outcomes == [known.rounds], "the settings on disk are those of the one that began")
        }
    }

    /// A run goes on with settings that only add starts, columns, folds, or seeds, and its folder then states these.
    @Test func aRunMayGrow() throws {
        var earlier = ACDCFineTuningSettings()
        (earlier.training.data, earlier.training.starts, earlier.training.annotated) = ("d", ["random"], [1])

        var more = earlier
        more.training.starts.append("fcl=runs/fcl")
        more.training.annotated.append(8)
        more.training.folds.append(3)
        more.training.seeds.append(2)
        #expect(more.extends(earlier) && !earlier.extends(more))
        let changes: [(inout ACDCFineTuningSettings) -> Void] = [
            { $0.training.starts = ["fcl=runs/fcl", "random"] }, { $0.training.annotated = [2, 1] },
            { $0.training.folds = [1, 0] }, { $0.training.seeds = [2] }, { $0.training.plan.steps += 1 },
            { $0.training.data = "e" }, { $0.splitSeed = 2 }, { $0.mode = .local },
            { $0.training.learningRates = [1e-3, 4e-3] },
        ]
        for (index, change) in changes.enumerated() {
            var other = more
            change(&other)
            #expect(!other.extends(earlier), "change \(index)")
        }
        // The second of two seeds takes part in a search of rates.
        var (search, seeds) = (earlier, earlier)
        search.training.learningRates = [1e-3, 4e-3]
        seeds.training.learningRates = search.training.learningRates
        seeds.training.seeds = [1, 2]
        #expect(!seeds.extends(search))
        search.training.seeds = [1, 2]
        seeds.training.seeds = [1, 2, 3]
        #expect(seeds.extends(search))

        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("runs-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try RunFolder(folder, settings: earlier).prepare()
        let grown = try RunFolder(folder, settings: more)
        #expect(
            try RunFolder<ACDCFineTuningSettings>(resuming: folder).settings == earlier, "not before the run begins")
        try grown.prepare()
        #expect(try RunFolder<ACDCFineTuningSettings>(resuming: folder).settings == more)
        #expect(throws: RunError.self) { try RunFolder(folder, settings: earlier) }
    }

    @Test func refusesOtherSettingsAndNamesThem() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("runs-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        var settings = PretrainingSettings()
        settings.data = folder.path
        try RunFolder(folder, settings: settings.resolved).prepare()
        (settings.rounds, settings.splitFile) = (7, "split.json")
        let error = try #require(throws: RunError.self) { try RunFolder(folder, settings: settings.resolved) }
        let phrase = "in config.json (rounds 100, not 7; splitFile none, not \"split.json\")"
        #expect("\(error)".contains(phrase), "\(error)")
    }
}
