import FederatedContrastive
import Foundation
import Testing

@testable import FlowerClient

/// What a site refuses, whatever the server asks for: every setting of a policy, with a sentence.
@Suite struct SitePolicyTests {
    private func pretraining(_ change: (inout PretrainingSettings) -> Void = { _ in }) -> FederatedJob {
        var settings = PretrainingSettings()
        settings.data = "here"
        change(&settings)
        return FederatedJob(run: "run-1", settings)
    }

    private func finetuning(_ change: (inout FederatedFineTuningSettings) -> Void = { _ in }) -> FederatedJob {
        var settings = FederatedFineTuningSettings()
        settings.start = "random"
        change(&settings)
        return FederatedJob(run: "run-1", settings)
    }

    private func refusal(of job: FederatedJob, hour: Int = 12, _ change: (inout SitePolicy) -> Void) -> String? {
        var policy = SitePolicy()
        change(&policy)
        do throws(PolicyRefusal) {
            try policy.check(job, hour: hour)
            return nil
        } catch {
            return error.reason
        }
    }

    @Test func withoutSettingsEverythingIsAllowed() {
        for hour in 0..<24 {
            #expect(refusal(of: pretraining(), hour: hour) { _ in } == nil)
            #expect(refusal(of: finetuning(), hour: hour) { _ in } == nil)
        }
    }

    @Test func everySettingRefusesWithASentence() {
        let job = pretraining()
        #expect(
            refusal(of: job) { $0.methods = ["fedRotation"] } == "the method is fcl, and allowed are fedRotation")
        #expect(refusal(of: job) { $0.methods = ["fcl"] } == nil)
        #expect(refusal(of: job) { $0.pretraining = false } == "it takes part in no pre-training")
        #expect(refusal(of: finetuning()) { $0.finetuning = false } == "it takes part in no fine-tuning")
        #expect(refusal(of: finetuning()) { $0.pretraining = false } == nil)
        #expect(
            refusal(of: job) { $0.sharesFeatures = false } == "the job exchanges features, which may not leave the site"
        )
        #expect(refusal(of: pretraining { $0.exchange = false }) { $0.sharesFeatures = false } == nil)
        #expect(
            refusal(of: job) { $0.maximumFeatureDimension = 64 }
                == "features have 128 numbers, and at most 64 are allowed")
        #expect(refusal(of: job) { $0.minimumSize = 160 } == "slices have 144 rows, and at least 160 are expected")
        #expect(
            refusal(of: finetuning { $0.size = 64 }) { $0.minimumSize = 96 }
                == "slices have 64 rows, and at least 96 are expected")
        #expect(refusal(of: job) { $0.minimumBatchSlices = 9 } == "a batch has 8 slices, and at least 9 are expected")
        #expect(
            refusal(of: finetuning { $0.plan.batchSize = 2 }) { $0.minimumBatchSlices = 4 }
                == "a batch has 2 slices, and at least 4 are expected")
        #expect(refusal(of: job) { $0.maximumRounds = 99 } == "there are 100 rounds, and at most 99 are allowed")
        #expect(
            refusal(of: pretraining { $0.localEpochs = 5 }) { $0.maximumLocalEpochs = 4 }
                == "a round has 5 passes, and at most 4 are allowed")
        #expect(
            refusal(of: finetuning { $0.plan.steps = 600 }) { $0.maximumSteps = 500 }
                == "there are 600 steps, and at most 500 are allowed")
        #expect(
            refusal(of: job) { $0.maximumMemory = 0.1 } == "it needs at least 1 GB of memory, and 0 GB are allowed")
        #expect(
            refusal(of: pretraining { ($0.size, $0.width, $0.batchVolumes, $0.partitions) = (1024, 256, 64, 64) }) {
                _ in
            }?
            .hasPrefix("it needs at least 43988 GB") == true)
        for (hours, hour, isOpen) in [
            ([20, 6], 12, false), ([20, 6], 23, true), ([20, 6], 6, false), ([8, 18], 8, true),
        ] {
            #expect((refusal(of: job, hour: hour) { $0.hours = hours } == nil) == isOpen)
        }
        #expect(
            refusal(of: job, hour: 12) { $0.hours = [20, 6] } == "it is 12:00, and the site answers from 20:00 to 6:00")
    }

    @Test func architecturesAreThoseOfTheirWeights() throws {
        let small = try model(width: 2), large = try model(width: 4)
        var policy = SitePolicy()
        policy.architectures = [SitePolicy.architecture(of: small.parameters)]
        try policy.validate()
        try policy.check(architectureOf: small.parameters)
        #expect(throws: PolicyRefusal.self) { try policy.check(architectureOf: large.parameters) }
    }

    private func model(width: Int) throws -> PretrainingModel {
        var settings = PretrainingSettings()
        settings.width = width
        return PretrainingModel(settings)
    }

    @Test func wrongPoliciesAreNotTakenForLiberalOnes() throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("policy-\(UUID().uuidString).json")
        defer { try? FileManager.default.removeItem(at: file) }
        for (text, word) in [
            (#"{"minimumsize": 96}"#, "minimumsize"), (#"{"minimumSize": "96"}"#, "minimumSize"), ("{", "JSON"),
            (#"{"minimumSize": 0}"#, "minimumSize"), (#"{"hours": [20]}"#, "hours"), (#"{"hours": [20, 24]}"#, "hours"),
            (#"{"methods": ["FCL"]}"#, "methods"), (#"{"architectures": ["abc"]}"#, "architectures"),
        ] {
            try Data(text.utf8).write(to: file)
            let error = #expect(throws: RunError.self) { try SitePolicy(contentsOf: file).validate() }
            #expect(error?.description.contains(word) == true, "\(text)")
        }
    }

    @Test func jobsWaitForApproval() throws {
        let state = FileManager.default.temporaryDirectory.appendingPathComponent("state-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: state) }
        let approval = JobApproval(state: state)
        let text = try pretraining().text
        #expect(throws: (any Error).self) { try approval.approve(run: "run-1") }
        let refusal = #expect(throws: PolicyRefusal.self) { try approval.check(text, run: "run-1") }
        #expect(refusal?.reason.contains("FlowerClient approve run-1") == true)
        #expect(try approval.approve(run: "run-1") == text)
        try approval.check(text, run: "run-1")
        // Another job in the name of the same run waits again.
        let other = try pretraining { $0.rounds = 7 }.text
        #expect(throws: PolicyRefusal.self) { try approval.check(other, run: "run-1") }
        try approval.check(text, run: "run-1")
    }
}
