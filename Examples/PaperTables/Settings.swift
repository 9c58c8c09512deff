import Experiments
import Foundation

/// Everything that determines the tables: what is written to `config.json` and read back from there.
struct Settings: RunSettings {
    /// The folder of ACDC's patients.
    var data = ""
    /// The folder of HVSMR's; without it there is no table of the transfer.
    var hvsmr: String?
    /// The rows.
    private var rows = Method.allCases.map(\.rawValue)
    /// The columns.
    var annotated = [1, 2, 4, 8]
    var folds = [0, 1, 2, 3, 4]
    var foldCount = 5
    /// Seeds of the fine-tuning.
    var seeds: [UInt64] = [1]
    /// The seed of split and pre-training.
    var seed: UInt64 = 1
    var clients = 10
    /// Rounds of pre-training.
    var rounds = 100
    var fineTuningRounds = 60
    /// Tried for every start alike.
    var learningRates: [Float] = [4e-3, 8e-3, 1.6e-2]
    /// Rates of the encoder as fractions of those, tried likewise.
    var encoderRates: [Float] = [1, 0.1]
    var width = 16
    var size = 128
    var spacing = 1.75

    static let optionalKeys: Set<String> = ["hvsmr"]

    /// The rows.
    var methods: [Method] {
        get { rows.compactMap(Method.init) }
        set { rows = newValue.map(\.rawValue) }
    }

    /// Small enough for phantoms and ten minutes on two cores.
    static var quick: Settings {
        var quick = Settings()
        (quick.annotated, quick.folds, quick.foldCount) = ([1, 2], [0], 3)
        (quick.clients, quick.rounds, quick.fineTuningRounds) = (4, 4, 10)
        (quick.learningRates, quick.encoderRates) = ([8e-3], [1])
        (quick.width, quick.size, quick.spacing) = (8, 32, 6)
        return quick
    }

    /// The programs check the rest, and say what is wrong with it.
    func validate() throws(Failure) {
        try check(!data.isEmpty, "--data is missing: the folder of patients, such as ACDC/training; or try --quick.")
        if let unknown = rows.first(where: { Method(rawValue: $0) == nil }) {
            throw .usage(
                "--methods: there is no method '\(unknown)'; there are "
                    + Method.allCases.map(\.rawValue).joined(separator: ", ") + ".")
        }
        try check(
            rows.contains(Method.fcl.rawValue) && rows.count > 1 && Set(rows).count == rows.count,
            "--methods: fcl and at least one other are expected, each once.")
    }
}
