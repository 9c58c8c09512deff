import Testing

@testable import FederatedContrastive

/// What a server tells sites on other machines, and what a site makes of texts from anywhere.
@Suite struct FederatedJobTests {
    private var pretraining: PretrainingSettings {
        var settings = PretrainingSettings()
        (settings.data, settings.width, settings.temperature) = ("/patients-of-jane/patients", 8, 0.2)
        return settings
    }

    private var segmentation: FederatedFineTuningSettings {
        var settings = FederatedFineTuningSettings()
        (settings.start, settings.annotated, settings.plan.rounds) = ("/patients-of-jane/runs/fcl", 2, 7)
        return settings
    }

    @Test func arrivesAsItWasSent() throws {
        let jobs = [FederatedJob(run: "a-1", pretraining), FederatedJob(run: "b", segmentation)]
        for job in jobs { #expect(try FederatedJob(job.text) == job) }
        #expect(try FederatedJob(jobs[0].text).pretraining?.width == 8)
        #expect(try FederatedJob(jobs[1].text).segmentation?.plan.rounds == 7)
    }

    @Test func pathsOfTheServerStayThere() throws {
        #expect(try !FederatedJob(run: "a", pretraining).text.contains("jane"))
        #expect(try !FederatedJob(run: "a", segmentation).text.contains("jane"))
    }

    @Test(arguments: ["", "{}", "[1]", #"{"run":"a"}"#, #"{"run":"a","pretraining":{}}"#])
    func refusesWhatIsNoJob(_ text: String) {
        #expect(throws: RunError.self) { try FederatedJob(text) }
    }

    /// The name becomes a folder at the site.
    @Test(arguments: ["", "..", "../x", "a/b", "a b", "é", String(repeating: "a", count: 101)])
    func refusesNamesThatAreNoFolders(_ name: String) {
        #expect(throws: RunError.self) { try FederatedJob(FederatedJob(run: name, pretraining).text) }
    }

    @Test func refusesSettingsThatNoRunCanHave() {
        var settings = pretraining
        settings.width = 100_000
        #expect(throws: RunError.self) { try FederatedJob(FederatedJob(run: "a", settings).text) }
        var plan = segmentation
        plan.plan.learningRate = -1
        #expect(throws: RunError.self) { try FederatedJob(FederatedJob(run: "a", plan).text) }
    }
}
