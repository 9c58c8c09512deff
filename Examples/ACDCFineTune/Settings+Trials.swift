import Experiments
import Foundation
import Volumes

extension Settings {
    /// The division of the patients, which must be that of the pre-training runs.
    func split(of patients: [ACDC.Patient], starts: [Start]) throws(Failure) -> PatientSplit {
        guard patients.count >= clients else {
            throw .badData("\(data) holds \(patients.count) patients, too few for \(clients) clients; lower --clients.")
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
        let isSearching = learningRates.count * encoderRates.count > 1
        let fewest =
            split.clients.map { client in client.count - (client.count + foldCount - 1) / foldCount }.min() ?? 0
        if let most = annotated.max(), most > fewest {
            throw .usage(
                "--annotated \(most): a client has \(fewest) patients to learn from in \(foldCount) folds; lower it.")
        }
        if isSearching, fewest < 2 {
            throw .usage(
                "--learning-rate: to choose among several, a client needs two patients to learn from, and has \(fewest) "
                    + "in \(foldCount) folds; give one rate.")
        }
        return split
    }

    /// The learning rate of each start.
    func rates(of starts: [Start], by runner: TrialRunner, log: TrialLog) async throws -> [String: Rates] {
        let candidates = encoderRates.flatMap { encoder in
            learningRates.map { Rates(decoder: $0, encoder: encoder) }
        }
        var rates: [String: Rates] = [:]
        for start in starts {
            let trial = Trial(
                start: start.name, mode: mode, annotated: annotated.min()!, fold: folds[0], seed: seeds[0],
                learningRate: learningRates[0])
            rates[start.name] = try await runner.bestRate(among: candidates, for: trial) { log.note($0) }
        }
        return rates
    }

    /// All trials of the run, those with few patients first, and starts side by side, so that a run that was stopped has
    /// something to compare.
    func trials(of starts: [Start], rates: [String: Rates], clients: Int) -> [Trial] {
        var trials: [Trial] = []
        for annotated in annotated {
            for fold in folds {
                for seed in seeds {
                    for start in starts {
                        for client in mode == .local ? (0..<clients).map(Optional.some) : [nil] {
                            trials.append(
                                Trial(
                                    start: start.name, mode: mode, annotated: annotated, fold: fold, seed: seed,
                                    client: client, learningRate: rates[start.name]!.decoder,
                                    encoderRate: rates[start.name]!.encoder))
                        }
                    }
                }
            }
        }
        return trials
    }
}
