import Foundation
import Testing

/// The two ends of a federation on Flower, as far as they go without one.
@Suite struct FlowerProgramTests {
    private static let nobody = "http://127.0.0.1:9"

    @Test func wrongInputGetsASentenceAndItsExitCode() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let run = folder.appendingPathComponent("run").path
        let client = ["--data", folder.path, "--state", folder.path]
        let server = ["pretrain", "--output", run]
        let cases: [(program: String, arguments: [String], exitCode: Int32, words: [String])] = [
            ("FlowerClient", [], 64, ["--data"]),
            ("FlowerClient", ["--data", "/no/such/folder", "--state", folder.path], 66, ["/no/such/folder"]),
            ("FlowerClient", client + ["--runtime", "localhost"], 64, ["localhost", "http://"]),
            ("FlowerClient", client + ["--superexec-secret", "/no/such/file"], 66, ["/no/such/file"]),
            ("FlowerClient", client + ["--config", "/no/such/file"], 66, ["/no/such/file"]),
            ("FlowerServer", ["pretrain"], 64, ["--output"]),
            ("FlowerServer", ["pretrain", "--resume", run], 66, ["config.json"]),
            ("FlowerServer", ["pretrain", "--resume", run, "--rounds", "3"], 64, ["--rounds"]),
            ("FlowerServer", server + ["--clients", "3"], 64, ["--sites"]),
            ("FlowerServer", server + ["--sites", "0"], 64, ["0"]),
            ("FlowerServer", server + ["--method", "localCL"], 64, ["local", "fedavg"]),
            ("FlowerServer", server + ["--phase-timeout", "-1"], 64, ["--phase-timeout"]),
            ("FlowerServer", ["finetune", "--output", run], 64, ["--init"]),
            ("FlowerServer", ["finetune", "--output", run, "--init", "/no/such/file"], 66, ["/no/such/file"]),
            ("FlowerServer", server + ["--ca", "/no/such/file"], 66, ["/no/such/file"]),
        ]
        for (program, arguments, exitCode, words) in cases {
            let result = try Executable(name: program).run(arguments)
            #expect(result.exitCode == exitCode, "\(program) \(arguments): \(result.errors)")
            for word in words { #expect(result.errors.contains(word), "\(program) \(arguments): \(result.errors)") }
            try? FileManager.default.removeItem(atPath: run)
        }
    }

    @Test func aServerThatFindsNobodyEndsWithASentence() throws {
        let run = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: run) }
        let result = try Executable(name: "FlowerServer").run(
            ["pretrain", "--output", run.path, "--sites", "2", "--runtime", Self.nobody, "--quiet"])
        #expect(result.exitCode == 69)
        #expect(result.errors.contains("\(Self.nobody) cannot be reached"))
    }
}
