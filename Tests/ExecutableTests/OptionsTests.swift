import FederatedContrastive
import Support
import Testing

@testable import ACDCFineTune
@testable import ACDCPretrain
@testable import HVSMRTransfer
@testable import PaperTables

/// Options and settings find each other by name.
struct OptionsTests {
    @Test func everyOptionOfPretrainingNamesASetting() {
        for name in PretrainingOptions.settingNames + ACDCPretrain.DataOptions.settingNames {
            #expect(PretrainingSettings.path(ofSetting: name) != nil, "\(name)")
        }
    }

    @Test func everyOptionOfFineTuningNamesOneSetting() {
        for name in FineTuningOptions.settingNames {
            #expect(ACDCFineTuningSettings.path(ofSetting: name) != nil, "\(name)")
            #expect(HVSMRTransferSettings.path(ofSetting: name) != nil, "\(name)")
        }
        for name in ACDCFineTune.SplitOptions.settingNames {
            #expect(ACDCFineTuningSettings.path(ofSetting: name) != nil, "\(name)")
        }
        for name in HVSMRTransfer.DataOptions.settingNames {
            #expect(HVSMRTransferSettings.path(ofSetting: name) != nil, "\(name)")
        }
        for name in PaperTables.TableOptions.settingNames {
            #expect(Settings.path(ofSetting: name) != nil, "\(name)")
        }
    }

    @Test func onlyGivenOptionsReplaceSettings() throws {
        var settings = PretrainingSettings()
        settings.rounds = 7
        let options = try PretrainingOptions.parse(["--width", "8", "--no-exchange", "--batch", "random"])
        let applied = try options.applied(to: settings)
        #expect(applied.rounds == 7 && applied.width == 8 && !applied.exchange && applied.batch == .random)
        #expect(Set(options.given) == ["--width", "--no-exchange", "--batch"])
        settings.data = "x"
        #expect(try PretrainingOptions.parse([]).applied(to: settings) == settings)
    }

    @Test("A number that is not finite is refused by the option's name")
    func onlyFiniteNumbers() throws {
        let rate = try PretrainingOptions.parse(["--learning-rate", "nan"])
        #expect(throws: RunError.setting("learningRate", found: "nan", expected: "a finite number")) {
            try rate.applied(to: PretrainingSettings())
        }
        let rates = try FineTuningOptions.parse(["--learning-rate", "1e-3,inf"])
        let error = try #require(throws: RunError.self) { try rates.applied(to: ACDCFineTuningSettings()) }
        #expect("\(Failure(error))" == "--learning-rate inf: a finite number is expected.")
    }

    @Test("What no option sets follows from the mode, and what one sets stays")
    func theModeDecidesTheRest() throws {
        func resolved(_ arguments: String...) throws -> FineTuningSettings {
            let split = try ACDCFineTune.SplitOptions.parse(arguments.filter { ["--mode", "local"].contains($0) })
            let training = try FineTuningOptions.parse(arguments.filter { !["--mode", "local"].contains($0) })
            return try training.applied(to: split.applied(to: ACDCFineTuningSettings())).resolved.training
        }
        let together = try resolved()
        #expect(together.learningRates == [4e-3] && together.plan.augmentation == .upright)
        let alone = try resolved("--mode", "local")
        #expect(alone.learningRates == [2e-3] && alone.plan.augmentation == .strong)
        let given = try resolved("--mode", "local", "--learning-rate", "1e-3,4e-3", "--augmentation", "weak")
        #expect(given.learningRates == [1e-3, 4e-3] && given.plan.augmentation == .weak)
        #expect(alone.resolved(for: .federated) == alone, "resolved settings are settled")
        let transfer = HVSMRTransferSettings().resolved.training
        #expect(transfer.learningRates == [2e-3] && transfer.plan.augmentation == .strong)
    }
}
