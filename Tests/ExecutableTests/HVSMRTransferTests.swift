import Foundation
import Phantoms
import Testing

/// Transfer to HVSMR as a user meets it: a process, its files and its exit code.
@Suite(.serialized) struct HVSMRTransferTests {
    private let transfer = Executable(name: "HVSMRTransfer")
    private let folder: URL
    private let data: String

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("transfer-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        data = folder.appendingPathComponent("phantoms").path
        let phantoms = try Executable(name: "MakePhantoms").run(
            ["--format", "hvsmr", "--output", data, "--patients", "3", "--spacing", "4", "--seed", "5"])
        try #require(phantoms.exitCode == 0, "\(phantoms.errors)")
    }

    private func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    @Test func aRunLeavesItsTables() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let result = try transfer.run(
            [
                "--data", data, "--init", "random", "--annotated", "1,2", "--fold-count", "3", "--rounds", "2",
                "--width", "2", "--size", "16", "--spacing", "12", "--quiet", "--output", path("run"),
            ])
        #expect(result.exitCode == 0, "\(result.errors)")
        let json = try JSONSerialization.jsonObject(with: Data(contentsOf: folder.appending(path: "run/results.json")))
        let trials = try #require((json as? [String: Any])?["trials"] as? [[String: Any]])
        #expect(trials.count == 2)
        let cases = try #require(trials[0]["cases"] as? [[String: Any]])
        #expect(cases.count == 1)
        #expect(Set((cases[0]["structures"] as? [String: Any] ?? [:]).keys) == ["blood pool", "myocardium"])
        let table = try String(contentsOf: folder.appending(path: "run/table.md"), encoding: .utf8)
        #expect(table.contains("N=1") && table.contains("N=2"))
    }

    @Test func wrongInputGetsASentenceAndItsExitCode() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let base = ["--data", data, "--init", "random", "--output", path("x")]
        let cases: [(arguments: [String], exitCode: Int32, words: [String])] = [
            (base + ["--annotated", "1", "--fold-count", "3", "--release", "sa_crop"], 65, ["sa_crop"]),
            (base + ["--annotated", "3", "--fold-count", "3"], 64, ["--annotated 3"]),
            (["--data", path("none"), "--init", "random", "--output", path("x")], 66, ["none"]),
            (["--resume", path("none"), "--slice-axis", "x"], 64, ["--slice-axis"]),
        ]
        for (arguments, exitCode, words) in cases {
            let result = try transfer.run(arguments)
            #expect(result.exitCode == exitCode, "\(arguments): \(result.errors)")
            for word in words { #expect(result.errors.contains(word), "\(arguments): \(result.errors)") }
        }
    }
}
