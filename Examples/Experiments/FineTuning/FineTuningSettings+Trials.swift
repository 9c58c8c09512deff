import Foundation

extension FineTuningSettings {
    /// Refuses more annotated patients than a client of the split has to learn from.
    package func validate(for split: PatientSplit) throws(Failure) {
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
    }

    /// The learning rate of each start.
    package func rates(
        of starts: [Start], mode: Trial.Mode, by runner: TrialRunner, log: TrialLog
    ) async throws -> [String: Rates] {
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
    package func trials(
        of starts: [Start], mode: Trial.Mode, rates: [String: Rates], clients: Int
    ) -> [Trial] {
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
