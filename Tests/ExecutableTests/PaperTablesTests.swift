import Foundation
import Testing

/// The tables as a user meets them: one process, its files, and its exit code.
@Suite(.serialized) struct PaperTablesTests {
    private let tables = Executable(name: "PaperTables")
    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("tables-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    private func path(_ name: String) -> String { folder.appendingPathComponent(name).path }
    private func text(_ name: String) throws -> String { try String(contentsOfFile: path(name), encoding: .utf8) }

    @Test func aQuickRunMakesTheTablesAndASecondOneHasNothingToDo() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let arguments = [
            "--quick", "--methods", "fcl,random", "--annotated", "1", "--rounds", "1", "--fine-tuning-steps", "1",
            "--width", "2", "--size", "16", "--spacing", "12", "--learning-rate", "8e-3", "--output", path("t"),
        ]
        let result = try tables.run(arguments)
        #expect(result.exitCode == 0, "\(result.errors)")
        let markdown = try text("t/tables.md")
        for words in [
            "16 × 16 pixels of 12.0 mm; learning rate 0.008, the encoder's share of it 1.0", "| FCL |",
            "| Random init |", "(.506)", "(.445)", "(.792)", "What the paper says", "N = 1",
        ] {
            #expect(markdown.contains(words), "\(words)")
        }
        let rows = try text("t/tables.csv").split(separator: "\n")
        #expect(rows.count == 1 + 3 * 2)
        #expect(rows.allSatisfy { $0.split(separator: ",", omittingEmptySubsequences: false).count == 12 })
        #expect(try text("t/tables.html").contains("Random init"))

        // Nothing is run again, and other settings are refused.
        let again = try tables.run(arguments)
        #expect(again.exitCode == 0 && !again.errors.contains("pre-training:"), "\(again.errors)")
        let other = try tables.run(arguments + ["--seed", "2"])
        #expect(other.exitCode == 64 && other.errors.contains("other settings"), "\(other.errors)")

        // Another fold is added to what there is.
        let trials = try FileManager.default.subpathsOfDirectory(atPath: path("t/federated/trials"))
            .filter { $0.hasSuffix("result.json") }
        let before = try trials.map { try Data(contentsOf: URL(fileURLWithPath: path("t/federated/trials/\($0)"))) }
        let more = try tables.run(arguments + ["--folds", "0,1"])
        #expect(more.exitCode == 0 && !more.errors.contains("pre-training:"), "\(more.errors)")
        #expect(
            try before == trials.map { try Data(contentsOf: URL(fileURLWithPath: path("t/federated/trials/\($0)"))) },
            "the seconds of a trial that was run again would differ")
        let grown = try FileManager.default.subpathsOfDirectory(atPath: path("t/federated/trials"))
        #expect(grown.filter { $0.hasSuffix("result.json") }.count == 2 * trials.count)
        #expect(try text("t/config.json").filter { !$0.isWhitespace }.contains("\"folds\":[0,1]"))
        let fewer = try tables.run(arguments)
        #expect(fewer.exitCode == 64 && fewer.errors.contains("t holds a run with other settings"), "\(fewer.errors)")
    }

    @Test func thePapersRegimeFixesItsRateByRandomWeights() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let result = try tables.run([
            "--quick", "--methods", "fcl,random", "--annotated", "1", "--rounds", "1", "--regime", "paper",
            "--fine-tuning-rounds", "1", "--width", "2", "--size", "16", "--spacing", "12", "--output", path("t"),
        ])
        #expect(result.exitCode == 0, "\(result.errors)")
        let markdown = try text("t/tables.md")
        #expect(markdown.contains("Learning rate of all rows: ") && markdown.contains("the paper's: .280, .445"))
        let config = try #require(
            try JSONSerialization.jsonObject(with: Data(contentsOf: folder.appending(path: "t/federated/config.json")))
                as? [String: Any])
        let training = try #require(config["training"] as? [String: Any])
        let rate = try #require((training["learningRates"] as? [Double])?.first)
        #expect(markdown.contains("Learning rate of all rows: \(Float(rate))."))
        let plan = try #require(training["plan"] as? [String: Any])
        #expect(plan["loss"] as? String == "crossEntropy" && plan["rounds"] as? Int == 1)
        #expect(try FileManager.default.contentsOfDirectory(atPath: path("t/scan")).count == 8)
    }

    @Test func wrongInputGetsASentenceAndItsExitCode() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let cases: [(arguments: [String], exitCode: Int32, words: [String])] = [
            (["--output", path("x")], 64, ["--data", "--quick"]),
            (["--output", path("x"), "--data", path("d"), "--methods", "fcl,magic"], 64, ["magic", "fedSimCLR"]),
            (["--output", path("x"), "--data", path("d"), "--methods", "random"], 64, ["--methods", "fcl"]),
            (
                ["--output", path("x"), "--regime", "paper", "--learning-rate", "1e-3"], 64,
                ["--learning-rate", "tuned"]
            ),
            (["--output", path("x"), "--regime", "paper", "--unlabelled"], 64, ["--unlabelled", "tuned"]),
            (["--output", path("x"), "--fine-tuning-rounds", "9"], 64, ["--fine-tuning-rounds", "paper"]),
            (
                ["--output", path("y"), "--data", path("none"), "--methods", "fcl,random"], 66,
                ["PaperTables: ", "none"]
            ),
        ]
        for (arguments, exitCode, words) in cases {
            let result = try tables.run(arguments)
            #expect(result.exitCode == exitCode, "\(arguments): \(result.errors)")
            for word in words { #expect(result.errors.contains(word), "\(arguments): \(result.errors)") }
        }
        #expect(
            !FileManager.default.fileExists(atPath: path("y")), "the right path would be refused as another setting")
    }
}
