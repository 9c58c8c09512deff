import Contrastive
import Federation
import Foundation
import Tensor
import Testing
import UNet
import Volumes
import _TestSupport

@testable import FederatedContrastive

@Suite struct PretrainingMethodTests {
    /// A method and who shares weights.
    struct Case: CustomStringConvertible, Sendable {
        let method: String
        let federation: PretrainingSettings.Collaboration?
        var description: String { method + (federation.map { " --federation \($0.rawValue)" } ?? "") }

        var settings: PretrainingSettings {
            var settings = SyntheticPretraining.settings(method)
            settings.federation = federation
            return settings
        }

        static let all =
            PretrainingMethods.all.filter { $0.isTrained }.map { Case(method: $0.name, federation: nil) }
            + [
                Case(method: "fcl", federation: .local), Case(method: "fcl", federation: .centralized),
                Case(method: "fedSwAV", federation: .local), Case(method: "fedRotation", federation: .centralized),
            ]
    }

    @Test(arguments: Case.all)
    func learnsAndAnyThreadsAndAnyStopGiveTheSameBits(tried: Case) async throws {
        let run = SyntheticPretraining(tried.settings)
        let folders = try (0..<3).map { _ in try TemporaryFolder() }
        let (parameters, reports) = try await run.run(folders[0])
        #expect(reports.count == 2)
        for report in reports { #expect(try #require(report.metrics[.loss]).isFinite) }
        #expect(parameters.vector.isFinite)
        #expect(parameters.encoder != run.model.parameters.encoder)

        let threaded = try await run.run(folders[1], threads: 2)
        #expect(threaded.parameters == parameters)

        let stopped = try await run.run(folders[2], until: 1)
        #expect(stopped.parameters != parameters)
        #expect(try await run.run(folders[2]).parameters == parameters)
    }

    @Test func allMethodsBeginWithTheSameEncoder() {
        let random = PretrainingModel(SyntheticPretraining.settings("random")).parameters
        #expect(random.slots.allSatisfy { $0.group == .encoder })
        #expect(SyntheticPretraining.settings("random").trainedRounds == 0)
        for method in PretrainingMethods.names {
            let parameters = PretrainingModel(SyntheticPretraining.settings(method)).parameters
            #expect(parameters.encoder == random.encoder, "\(method)")
        }
    }

    @Test func sitesThatAreAloneNeverMeet() async throws {
        let run = SyntheticPretraining(SyntheticPretraining.settings("localCL"))
        let together = try await run.run(TemporaryFolder()).parameters
        var mean = [Double](repeating: 0, count: together.count)
        for site in 0..<2 {
            let alone = try await run.run(TemporaryFolder(), only: [site]).parameters
            let weight =
                Double(run.cohort.libraries[site].count) / Double(run.cohort.libraries.reduce(0) { $0 + $1.count })
            for (index, value) in alone.vector.elements.enumerated() { mean[index] += weight * Double(value) }
        }
        #expect(difference(together.vector, mean, relative: 1e-6, absolute: 1e-7) == nil)
    }

    @Test func aCentralisedRunHasAllSlicesAtOneSite() async throws {
        var settings = SyntheticPretraining.settings("fedSimCLR")
        settings.federation = .centralized
        let run = SyntheticPretraining(settings)
        let report = try await run.run(TemporaryFolder(), until: 1).reports[0]
        #expect(report.participants.map(\.sampleCount) == [6 + 7 + 8 + 9])
    }

    @Test func everyAblationIsAnotherRun() async throws {
        let changes: [(String, (inout PretrainingSettings) -> Void)] = [
            ("none", { _ in }), ("no remote loss", { $0.remoteLoss = false }),
            ("no exchange", { $0.exchange = false }), ("no momentum encoder", { $0.momentumEncoder = false }),
            ("literal", { $0.negatives = .literal }), ("random batches", { $0.batch = .random }),
            ("three partitions", { $0.partitions = 3 }), ("temperature", { $0.temperature = 0.2 }),
            ("moments", { $0.keepsMoments = true }), ("FCL+", { $0.method = "fclPlus" }),
            ("momentum", { $0.momentum = 0.9 }), ("bank", { $0.bank = 5 }), ("volumes", { $0.batchVolumes = 1 }),
        ]
        var seen: [[Float]: String] = [:]
        for (name, change) in changes {
            var settings = SyntheticPretraining.settings("fcl")
            change(&settings)
            let (parameters, reports) = try await SyntheticPretraining(settings).run(TemporaryFolder())
            #expect(parameters.vector.isFinite)
            #expect((reports[1].metrics[.remoteLoss] == nil) == !settings.remoteLoss, "\(name)")
            #expect(seen.updateValue(name, forKey: parameters.encoder) == nil, "\(name) changes nothing")
            let sent = reports[0].participants.map(\.features)
            #expect(sent.allSatisfy { ($0 > 0) == settings.exchange }, "\(name)")
        }
    }

    @Test func settingsOfAnEarlierVersionAreThoseOfFCL() throws {
        let folder = try TemporaryFolder()
        let file = folder.url.appendingPathComponent("config.json")
        try Data(#"{"data": "d", "temperature": 0.1, "rounds": 3, "clients": 2}"#.utf8).write(to: file)
        let settings = try PretrainingSettings(contentsOf: file)
        #expect(settings.methodType.name == "fcl" && settings.collaboration == .fedavg && settings.tau == 0.1)
        #expect(settings.summary == "FCL, 2 clients, 3 rounds, seed 1")
        #expect(SyntheticPretraining.settings("fedMoCo").resolved.temperature == 0.2)
        #expect(SyntheticPretraining.settings("localCL").resolved.federation == .local)
    }

    @Test func wrongSettingsGetASentence() {
        func sentence(_ method: String, _ change: (inout PretrainingSettings) -> Void) -> String {
            var settings = SyntheticPretraining.settings(method)
            change(&settings)
            do throws(RunError) { try settings.validate() } catch { return error.description }
            return "valid"
        }
        #expect(sentence("magic") { _ in }.contains("fedSwAV"))
        #expect(sentence("fedSimCLR") { $0.remoteLoss = false }.contains("(fcl, fclPlus)"))
        #expect(sentence("fedSwAV") { $0.exchange = false }.contains("fcl, fclPlus, fedCA"))
        #expect(sentence("fedSwAV") { $0.prototypes = 1 }.hasPrefix("prototypes is 1"))
        #expect(sentence("fcl") { ($0.federation, $0.quorum) = (.centralized, 2) }.hasPrefix("quorum is 2"))
        for method in PretrainingMethods.names { #expect(sentence(method) { _ in } == "valid") }
    }
}
