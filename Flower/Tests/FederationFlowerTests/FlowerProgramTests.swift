import ArgumentParser
import FederationFlower
import Foundation
import Testing

@testable import FlowerClient

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
            ("FlowerClient", client + ["--job", "/no/such/file"], 66, ["/no/such/file"]),
            ("FlowerClient", ["--config", "/no/such/file"], 66, ["/no/such/file"]),
            ("FlowerClient", client + ["--policy", "/no/such/file"], 66, ["/no/such/file"]),
            ("FlowerClient", client + ["--metrics", "metrics.txt"], 64, ["--metrics", ".prom"]),
            ("FlowerClient", client + ["--threads", "0"], 64, ["--threads"]),
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

    @Test("A site's configuration may be a file, whose paths are relative to it; unknown names are refused")
    func configurationFile() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent("site.json")
        try Data(#"{"data": "hearts", "state": "/var/lib/site", "approve": true, "metrics": "site.prom"}"#.utf8)
            .write(to: file)
        let own = try SiteArguments.parse(["--config", file.path, "--no-approve", "--threads", "3"]).configuration()
        #expect(own.data == folder.appendingPathComponent("hearts").path && own.state == "/var/lib/site")
        #expect(!own.approve && own.threads == 3 && own.metrics == folder.appendingPathComponent("site.prom").path)
        #expect(own.runtime == "http://127.0.0.1:9094" && own.policy == nil)
        try Data(#"{"date": "hearts"}"#.utf8).write(to: file)
        let result = try Executable(name: "FlowerClient").run(["--config", file.path])
        #expect(result.exitCode == 65 && result.errors.contains("'date' is not a setting"), "\(result.errors)")
    }

    @Test("check names what is well and what is not, and changes nothing")
    func check() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: folder) }
        let result = try Executable(name: "FlowerClient").run(
            ["check", "--data", "/no/such/folder", "--state", folder.path, "--runtime", Self.nobody])
        #expect(result.exitCode == 65)
        let lines = result.output.split(separator: "\n")
        #expect(lines.contains { $0.hasPrefix("BAD   data") && $0.contains("/no/such/folder") })
        #expect(lines.contains { $0.hasPrefix("BAD   SuperNode") && $0.contains("cannot be reached") })
        #expect(lines.contains { $0.hasPrefix("look  policy") } && lines.contains { $0.hasPrefix("ok    state") })
        #expect(!FileManager.default.fileExists(atPath: folder.path))
    }

    @Test("Metrics are in Prometheus' text format, and a peer's words are no part of it")
    func metrics() throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).prom")
        defer { try? FileManager.default.removeItem(at: file) }
        let metrics = try SiteMetrics(file: file.path)
        #expect(try String(contentsOf: file, encoding: .utf8).contains("federated_site_sent_bytes_total 0\n"))
        for (direction, type, bytes) in [
            (AuditLog.Entry.Direction.received, "train", 100), (.sent, "train", 40), (.received, "x\"} 1\n", 5),
            (.refused, "x\"} 1\n", 2), (.sent, "train", 40),
        ] {
            var entry = AuditLog.Entry(direction)
            (entry.type, entry.bytes, entry.round) = (type, bytes, 7)
            try metrics.record(entry)
        }
        let text = try String(contentsOf: file, encoding: .utf8)
        for line in [
            "federated_site_messages_total{type=\"train\",outcome=\"answered\"} 2",
            "federated_site_messages_total{type=\"x___1_\",outcome=\"refused\"} 1",
            "federated_site_received_bytes_total 105", "federated_site_sent_bytes_total 82", "federated_site_round 7",
        ] { #expect(text.contains(line + "\n"), "\(line) in \(text)") }
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            #expect(line.count < 200)
            #expect(line.wholeMatch(of: /federated_site_[a-z_]+(\{[^{}\n]*\})? [0-9]+/) != nil, "\(line)")
        }
    }

    @Test("A server that invents types does not make the metrics grow")
    func manyTypes() throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).prom")
        defer { try? FileManager.default.removeItem(at: file) }
        let metrics = try SiteMetrics(file: file.path)
        for number in 0..<100 {
            var entry = AuditLog.Entry(.refused)
            entry.type = "type-\(number)"
            try metrics.record(entry)
        }
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
            .filter { $0.hasPrefix("federated_site_messages_total{") }
        #expect(lines.count == 33)
        #expect(lines.contains("federated_site_messages_total{type=\"other\",outcome=\"refused\"} 68"))
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
