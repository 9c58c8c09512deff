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
}
