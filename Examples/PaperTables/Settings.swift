import FederatedContrastive
import Foundation

/// The settings that determine the tables.
struct Settings: RunSettings {
    /// The folder of ACDC's patients.
    var data = ""
    /// The folder of HVSMR's patients; if `nil`, there is no transfer table.
    var hvsmr: String?
    /// The rows.
    private var rows = Method.allCases.map(\.rawValue)
    /// How fine-tuning is done.
    var regime = Regime.tuned
    /// The columns.
    var annotated = [1, 2, 4, 8]
    var folds = [0, 1, 2, 3, 4]
    var foldCount = 5
    /// The seeds of fine-tuning.
    var seeds: [UInt64] = [1]
    /// The seed of the split and of pre-training.
    var seed: UInt64 = 1
    var clients = 10
    /// The number of rounds of pre-training.
    var rounds = 100
    /// The number of steps of fine-tuning, in the tuned regime.
    var fineTuningSteps = 2400
    /// The number of rounds of fine-tuning, in the paper's.
    var fineTuningRounds = 100
    /// Whether fine-tuning uses images without labels too, in the tuned regime.
    var unlabelled = false
    /// The learning rates to try, the same for every start.
    var learningRates: [Float] = [1e-3, 2e-3, 4e-3]
    /// The encoder's learning rates to try, as fractions of those.
    var encoderRates: [Float] = [1, 0.1]
    var width = 16
    var size = 144
    var spacing = 1.5

    /// The rows.
    var methods: [Method] {
        get { rows.compactMap(Method.init) }
        set { rows = newValue.map(\.rawValue) }
    }

    /// Settings small enough for phantoms and ten minutes on two cores.
    static var quick: Settings {
        var quick = Settings()
        (quick.annotated, quick.folds, quick.foldCount) = ([1, 2], [0], 3)
        (quick.clients, quick.rounds, quick.fineTuningSteps, quick.fineTuningRounds) = (4, 4, 20, 2)
        (quick.learningRates, quick.encoderRates) = ([8e-3], [1])
        (quick.width, quick.size, quick.spacing) = (8, 32, 6)
        return quick
    }

    /// Checks the settings that the steps do not check themselves.
    func validate() throws(RunError) {
        if data.isEmpty {
            throw .conflict("--data is missing: the folder of patients, such as ACDC/training; or try --quick.")
        }
        if let unknown = rows.first(where: { Method(rawValue: $0) == nil }) {
            throw .conflict(
                "--methods: there is no method '\(unknown)'; there are "
                    + Method.allCases.map(\.rawValue).joined(separator: ", ") + ".")
        }
        if !rows.contains(Method.fcl.rawValue) || rows.count < 2 || Set(rows).count < rows.count {
            throw .conflict("--methods: fcl and at least one other are expected, each once.")
        }
    }
}

extension Settings {
    /// Returns whether only rows, columns, folds, or seeds were added, so that every step can go on.
    func extends(_ earlier: Settings) -> Bool {
        var same = earlier
        (same.rows, same.annotated, same.folds, same.seeds) = (rows, annotated, folds, seeds)
        let home = URL(fileURLWithPath: "/")
        return self == same
            && fineTuning(.federated, in: home, paperRate: nil).extends(
                earlier.fineTuning(.federated, in: home, paperRate: nil))
    }
}

/// The steps behind the tables, each a run of the library in a folder of its own.
extension Settings {
    /// The methods whose encoders are trained.
    var pretrained: [Method] { methods.filter { $0 != .random } }

    /// Returns the settings for the pre-training of a method.
    func pretraining(_ method: Method) -> PretrainingSettings {
        var settings = PretrainingSettings()
        (settings.data, settings.method, settings.clients, settings.rounds) = (data, method.rawValue, clients, rounds)
        (settings.width, settings.size, settings.spacing, settings.seed) = (width, size, spacing, seed)
        // Part of FCL+: as many images in fewer, larger batches.
        if method == .fclPlus { (settings.batchVolumes, settings.keepsMoments) = (8, true) }
        return settings.resolved
    }

    /// Returns the settings for fine-tuning on ACDC.
    func fineTuning(_ mode: Trial.Mode, in home: URL, paperRate: Float?) -> ACDCFineTuningSettings {
        var settings = ACDCFineTuningSettings()
        settings.training = training(data, in: home, paperRate: paperRate)
        (settings.mode, settings.clients, settings.splitSeed) = (mode, clients, seed)
        return settings.resolved
    }

    /// Returns the settings with which random weights are scored with one annotated patient, to choose the paper's rate.
    func scan(_ mode: Trial.Mode, rate: Float, in home: URL) -> ACDCFineTuningSettings {
        var settings = fineTuning(mode, in: home, paperRate: rate)
        settings.training.starts = ["random=random"]
        (settings.training.annotated, settings.training.folds) = ([1], [folds[0]])
        settings.training.seeds = [seeds[0]]
        return settings
    }

    /// Returns the settings for fine-tuning on HVSMR.
    func transfer(_ data: String, in home: URL, paperRate: Float?) -> HVSMRTransferSettings {
        var settings = HVSMRTransferSettings()
        settings.training = training(data, in: home, paperRate: paperRate)
        // The clean-up is that of a heart with two ventricles.
        settings.training.inference.cleanUp = false
        return settings.resolved
    }

    /// Returns the folder of a method's encoder.
    static func folder(of method: Method, in home: URL) -> URL {
        home.appendingPathComponent("pretraining/\(method.rawValue)")
    }

    private func training(_ data: String, in home: URL, paperRate: Float?) -> FineTuningSettings {
        var training = FineTuningSettings()
        // FCL comes first: all other starts are compared with the first one.
        let ordered = methods.filter { $0 == .fcl } + methods.filter { $0 != .fcl }
        training.starts = ordered.map { method in
            "\(method.rawValue)=" + (method == .random ? "random" : Self.folder(of: method, in: home).path)
        }
        (training.data, training.annotated, training.folds, training.foldCount) = (data, annotated, folds, foldCount)
        (training.seeds, training.learningRates, training.encoderRates) = (seeds, learningRates, encoderRates)
        (training.plan.steps, training.plan.unlabelled) = (fineTuningSteps, unlabelled)
        (training.width, training.size, training.spacing) = (width, size, spacing)
        if let paperRate { Regime.applyPaper(to: &training, rounds: fineTuningRounds, rate: paperRate) }
        return training
    }
}
