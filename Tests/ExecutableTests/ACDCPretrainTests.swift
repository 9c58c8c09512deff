import Foundation
import Phantoms
import Tensor
import Testing

#if canImport(FoundationXML)
import FoundationXML
#endif

/// The main job as a user meets it: a process, its files and its exit code.
@Suite(.serialized) struct ACDCPretrainTests {
    private let pretrain = Executable(name: "ACDCPretrain")
    private let folder: URL
    private let data: String
    private let small = [
        "--clients", "2", "--rounds", "3", "--width", "2", "--size", "16", "--spacing", "12", "--feature-dimension",
        "8",
        "--quiet",
    ]

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("pretrain-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let phantoms = try Executable(name: "MakePhantoms").run(
            ["--output", folder.appendingPathComponent("phantoms").path, "--patients", "4", "--seed", "5"])
        try #require(phantoms.exitCode == 0, "\(phantoms.errors)")
        data = folder.appendingPathComponent("phantoms/training").path
    }

    private func path(_ name: String) -> String { folder.appendingPathComponent(name).path }
    private func contents(_ name: String) throws -> Data { try Data(contentsOf: folder.appendingPathComponent(name)) }

    @Test func aRunLeavesItsFilesAndAnyNumberOfThreadsTheSameBits() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, threads) in [("one", "1"), ("two", "2")] {
            let result = try pretrain.run(
                ["--data", data, "--output", path(name), "--threads", threads, "--json"] + small)
            #expect(result.exitCode == 0, "\(result.errors)")
            #expect(result.errors.isEmpty)
            let lines = result.output.split(separator: "\n")
            #expect(lines.count == 3)
            for line in lines {
                let round = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
                let metrics = try #require(round?["metrics"] as? [String: Any])
                #expect(metrics["loss"] is Double && metrics["separation"] is Double)
            }
        }
        for file in ["config.json", "environment.json", "rounds.jsonl", "encoder.safetensors"] {
            #expect(FileManager.default.fileExists(atPath: path("one/\(file)")), "\(file)")
        }
        #expect(try contents("one/encoder.safetensors") == contents("two/encoder.safetensors"))
        try checkReport(of: "one")
    }

    /// The report is a page with curves and a map of the banks, also when the run was over before: then the banks are
    /// those of its last checkpoint.
    private func checkReport(of run: String) throws {
        let page = try contents("\(run)/report.html")
        #expect(XMLParser(data: page).parse())
        let text = String(decoding: page, as: UTF8.self)
        for part in [
            "local, collapsed", "same partition", "from the clients", "By partition", "By client", "client 2",
            "What this page shows", "What the features predict", "linear map", "What to do next",
        ] {
            // Not in the expectation itself, which would print the page.
            let isThere = text.contains(">\(part)<")
            #expect(isThere, "\(part)")
        }
        // Four patients are too few to guess a diagnosis.
        for part in ["http:", "https:", "<script", "url(", "Diagnosis of a patient"] {
            let isThere = text.contains(part)
            #expect(!isThere, "\(part)")
        }
        for part in ["% of the variance)", "ACDCFineTune --data "] {
            let isThere = text.contains(part)
            #expect(isThere, "\(part)")
        }

        try FileManager.default.removeItem(at: folder.appendingPathComponent("\(run)/report.html"))
        let again = try pretrain.run(["--resume", path(run), "--quiet"])
        #expect(again.exitCode == 0, "\(again.errors)")
        #expect(try contents("\(run)/report.html") == page)
    }

    @Test func aRunThatIsKilledAgainAndAgainEndsWithTheSameBits() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let began = Date()
        let whole = try pretrain.run(["--data", data, "--output", path("whole")] + small)
        let duration = Date().timeIntervalSince(began)
        try #require(whole.exitCode == 0, "\(whole.errors)")

        // Lives end anywhere in the time that the whole run took. A run may be over before its first death on a machine
        // that has just become faster, so runs are begun anew until three processes were killed.
        var generator = SeededGenerator(seed: 7)
        var kills = 0
        for attempt in 0..<50 where kills < 3 {
            let name = "killed-\(attempt)"
            var arguments = ["--data", data, "--output", path(name)] + small
            while true {
                let life = Double(generator.uniform()) * duration
                let killed = try lives(arguments, for: life)
                if !killed { break }
                kills += 1
                if FileManager.default.fileExists(atPath: path("\(name)/config.json")) {
                    arguments = ["--resume", path(name), "--quiet"]
                }
            }
            #expect(try contents("\(name)/encoder.safetensors") == contents("whole/encoder.safetensors"))
            let rounds = try String(decoding: contents("\(name)/rounds.jsonl"), as: UTF8.self).split(separator: "\n")
            #expect(rounds.count == 3)
        }
        #expect(kills >= 3)
    }

    /// Runs the executable for so many seconds and kills it then; `false` if it had ended by itself.
    private func lives(_ arguments: [String], for seconds: TimeInterval) throws -> Bool {
        let process = try pretrain.start(
            arguments, output: folder.appendingPathComponent("out"), errors: folder.appendingPathComponent("err"))
        let end = Date(timeIntervalSinceNow: seconds)
        while process.isRunning && Date() < end { Thread.sleep(forTimeInterval: 0.002) }
        let killed = process.isRunning
        if killed { kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
        if !killed { #expect(process.terminationStatus == 0) }
        return killed
    }

    @Test func wrongInputGetsASentenceAndItsExitCode() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data("{\"rownds\": 3}".utf8).write(to: folder.appendingPathComponent("typo.json"))
        try Data("{\"rounds\": \"three\"}".utf8).write(to: folder.appendingPathComponent("text.json"))
        let cases: [(arguments: [String], exitCode: Int32, words: [String])] = [
            ([], 64, ["--data"]),
            (["--data", data, "--clients", "0"], 64, ["--clients", "0"]),
            (["--data", data, "--size", "50"], 64, ["--size", "50", "16"]),
            (["--data", data, "--negatives", "some"], 64, ["negatives", "some"]),
            (["--data", path("nowhere")], 66, ["nowhere"]),
            (["--data", folder.path + "/phantoms/training/patient001"], 65, ["patient001"]),
            (["--data", data, "--clients", "5", "--output", path("five")], 65, ["4", "5"]),
            (["--data", data, "--config", path("none.json")], 66, ["none.json"]),
            (["--data", data, "--config", path("typo.json")], 65, ["typo.json", "rownds"]),
            (["--data", data, "--config", path("text.json")], 65, ["text.json", "rounds"]),
            (["--resume", path("nothing")], 66, ["nothing"]),
            (["--resume", path("nothing"), "--rounds", "3"], 64, ["--rounds"]),
        ]
        for (arguments, exitCode, words) in cases {
            let result = try pretrain.run(arguments)
            #expect(result.exitCode == exitCode, "\(arguments): \(result.errors)")
            for word in words { #expect(result.errors.contains(word), "\(arguments): \(result.errors)") }
        }
    }
}
