import Experiments
import Foundation
import Volumes

/// Everything that determines a run: what is written to `config.json` and read back from there.
struct Settings: RunSettings {
    /// What is compared, and how networks are trained.
    var training = FineTuningSettings()
    /// Each client alone, or all of them together.
    var mode = Trial.Mode.federated
    /// How many sites the patients are divided among.
    var clients = 10
    /// The seed of the division, that of the pre-training.
    var splitSeed: UInt64 = 1
    /// Whether clients and folds have all diagnoses as equally as can be.
    var stratified = false

    static let optionalKeys: Set<String> = ["training.width", "training.size", "training.spacing"]

    func validate() throws(Failure) {
        try training.validate()
        try check((1...1000).contains(clients), "--clients \(clients): a number from 1 to 1000 is expected.")
    }

    /// The division of the patients, which must be that of the pre-training runs.
    func split(of patients: [ACDC.Patient], starts: [Start]) throws(Failure) -> PatientSplit {
        guard patients.count >= clients else {
            throw .badData(
                "\(training.data) holds \(patients.count) patients, too few for \(clients) clients; lower --clients.")
        }
        var groups: [String: String]?
        if stratified {
            if let unknown = patients.first(where: { $0.group == nil }) {
                throw .badData("--stratified: the Info.cfg of \(unknown.id) names no group.")
            }
            groups = Dictionary(uniqueKeysWithValues: patients.map { ($0.id, $0.group!.rawValue) })
        }
        let split = PatientSplit(of: patients.map(\.id), clients: clients, seed: splitSeed, stratifiedBy: groups)
        for start in starts {
            if let known = start.clients, known != split.clients {
                throw .usage(
                    "--init \(start.name): in pre-training the clients had other patients; pass that run's --data and "
                        + "--clients, and its seed as --split-seed.")
            }
        }
        return split
    }
}
