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
}
