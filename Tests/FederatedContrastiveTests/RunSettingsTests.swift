import Testing

@testable import FederatedContrastive

/// Settings as they are written to the folder of a run.
@Suite struct RunSettingsTests {
    @Test func aNumberThatIsNotFiniteIsRefused() throws {
        var settings = PretrainingSettings()
        #expect(try !settings.encoded().isEmpty)
        settings.temperature = .nan
        #expect(throws: RunError.self) { try settings.encoded() }
    }
}
