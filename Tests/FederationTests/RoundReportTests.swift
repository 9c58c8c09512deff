import Federation
import Foundation
import Tensor
import Testing

struct RoundReportTests {
    @Test func aReportIsOneLineOfJSON() async throws {
        let clients = [
            TestClient.walker("north-1", index: 0, samples: 3, metrics: [.loss: 0.1, Metric("huge"): 1e7]),
            TestClient.liar("south") { _, _ in throw TestFailure.expected },
        ]
        var federation = Federation(clients: clients, parameters: model(), quorum: 1)
        var report = try await federation.runRound()
        report.metrics[Metric("validation dice")] = 0.75
        let line = report.line
        #expect(line.last == 0x0A)
        #expect(line.filter { $0 == 0x0A }.count == 1)
        #expect(try JSONDecoder().decode(RoundReport.self, from: line) == report)
        let text = String(decoding: line, as: UTF8.self)
        #expect(
            text.hasPrefix(#"{"absent":[{"cause":"failed","client":"south","phase":"training","reason":"as planned"}]"#)
        )
        #expect(text.contains(#""metrics":{"loss":0.1,"validation dice":0.75}"#))
    }

    @Test func clientsDoNotReportInTheNameOfTheServer() async throws {
        let dice = Metric("dice")
        let client = TestClient.walker("north", index: 0, metrics: [dice: 1, .loss: 2])
        var federation = Federation(clients: [client], parameters: model(), quorum: 1, reservedMetrics: [dice])
        let report = try await federation.runRound()
        #expect(report.metrics == [.loss: 2] && report.participants[0].metrics == [.loss: 2])
    }

    @Test func metricsWithoutAValueAreLeftOut() throws {
        var report = emptyReport(1)
        report.metrics = [Metric("a"): .nan, Metric("b"): .infinity, Metric("c"): 1]
        #expect(try JSONDecoder().decode(RoundReport.self, from: report.line).metrics == [Metric("c"): 1])
    }

    @Test func secondsAddUp() async throws {
        let client = TestClient(id: "north") { parameters, round, _ in
            try await Task.sleep(for: .milliseconds(30))
            return LocalUpdate(parameters: parameters, sampleCount: 1, round: round, client: "north")
        }
        var federation = Federation(clients: [client], parameters: model(), quorum: 1)
        let report = try await federation.runRound()
        #expect(report.seconds.training >= 0.03)
        #expect(report.seconds.exchange < report.seconds.training)
        #expect(report.participants[0].seconds >= 0.03)
        #expect(report.seconds.total >= report.seconds.training)
    }

    @Test func errorsOfClientsAreShortAndPrintable() async throws {
        struct Flood: Error, CustomStringConvertible {
            let description: String
        }
        let texts = [
            String(repeating: "x", count: 1 << 20), "a\u{1B}[2Jb\nc",
            "e" + String(repeating: "\u{301}", count: 1 << 20),
            "\u{202E}drawkcab",
        ]
        for text in texts {
            let clients = [
                TestClient.walker("north", index: 0),
                TestClient.liar("south") { _, _ in throw Flood(description: text) },
            ]
            var federation = Federation(clients: clients, parameters: model(), quorum: 1)
            let reason = try #require(try await federation.runRound().absent.first?.reason)
            #expect(reason.utf8.count <= PeerText.maximumLength + 3)
            #expect(reason.unicodeScalars.allSatisfy { $0.value >= 32 && $0 != "\u{202E}" && $0 != "\u{301}" })
        }
        #expect(PeerText.excerpt(of: "ein Fehler bei 100 µm: größer als α") == "ein Fehler bei 100 µm: größer als α")
    }
}
