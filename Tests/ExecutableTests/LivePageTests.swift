import Federation
import FederatedContrastive
import Foundation
import Testing
import _TestSupport

@testable import Support

/// The page of a pre-training while it goes on.
@Suite struct LivePageTests {
    private func report(_ round: Int) throws -> RoundReport {
        let line = """
            {"round":\(round),"participants":[],"absent":[],"bytesUp":1,"bytesDown":1,"metrics":{"loss":2.5},
             "seconds":{"aggregation":0,"exchange":0,"training":1}}
            """
        return try JSONDecoder().decode(RoundReport.self, from: Data(line.utf8))
    }

    @Test func isThereAfterEveryRoundAndStopsLoadingItselfAfterTheLast() throws {
        let home = try TemporaryFolder()
        var settings = PretrainingSettings()
        (settings.data, settings.rounds) = ("/nowhere", 3)
        let folder = try RunFolder(new: home.url.appendingPathComponent("run"), settings: settings.resolved)
        try folder.prepare()
        let page = folder.url.appendingPathComponent("report.html")
        let log = RoundLog(folder, progress: ProgressLine(quiet: true), json: false)
        log.begin(after: [try report(1)])

        log.observe(.round(try report(2)))
        let during = try String(contentsOf: page, encoding: .utf8)
        #expect(during.contains("http-equiv=\"refresh\"") && during.contains("for 2 of 3 rounds"))
        #expect(!during.contains("What to do next"))

        log.observe(.round(try report(3)))
        let after = try String(contentsOf: page, encoding: .utf8)
        #expect(!after.contains("http-equiv=\"refresh\"") && after.contains("for 3 of 3 rounds"))
    }
}
