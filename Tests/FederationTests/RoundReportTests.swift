import Federation
import Foundation
import Tensor
import Testing

struct RoundReportTests {
    @Test func aReportIsOneLineOfJSON() async throws {
        let clients = [
            TestClient.walker("north\n\"1\"", index: 0, samples: 3, metrics: [.loss: 0.1]),
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
}
