import Federation
import Tensor

extension TrialRunner {
    /// Runs trials and returns their results in the order of the trials.
    ///
    /// Trials of single clients run side by side, one thread each; federated ones use all threads one after the other.
    package func run(
        _ trials: [Trial], finished: @escaping @Sendable (TrialResult) -> Void
    ) async throws -> [TrialResult] {
        let workers = Parallel.threadLimit ?? Parallel.threadCount
        let alone = trials.indices.filter { trials[$0].client != nil }
        var results = [Int: TrialResult]()
        let found = try await inParallel(alone.count, workers: workers) { position in
            let result = try await run(trials[alone[position]])
            finished(result)
            return result
        }
        for (index, result) in zip(alone, found) { results[index] = result }
        for index in trials.indices where trials[index].client == nil {
            let result = try await run(trials[index])
            finished(result)
            results[index] = result
        }
        return trials.indices.map { results[$0]! }
    }

    /// The learning rate with which a start does best on patients that no table sees.
    ///
    /// One trial for each rate, with the fewest annotated patients, the first fold and the first seed, scored on the inner
    /// validation patients (`patients(of:in:)`). A rate with which training fails is out. Where clients learn alone, the
    /// first three of them do.
    package func bestRate(
        among rates: [Float], for trial: Trial, log: @escaping @Sendable (String) -> Void
    ) async throws -> Float {
        if rates.count == 1 { return rates[0] }
        var best: (rate: Float, dice: Double)?
        let clients: [Int?] = trial.mode == .local ? split.clients.indices.prefix(3).map { $0 } : [nil]
        for rate in rates {
            let trials = clients.map { client in
                var search = trial
                (search.learningRate, search.isSearch, search.client) = (rate, true, client)
                return search
            }
            let dice: Double
            do {
                let results = try await run(trials) { _ in }
                dice = results.reduce(0) { $0 + ($1.dice ?? 0) } / Double(results.count)
            } catch let error as FederationError {
                guard case .quorumLost = error else { throw error }
                log("\(trial.start): learning rate \(rate) fails: \(error)")
                continue
            }
            log("\(trial.start): learning rate \(rate) gives Dice \(String(format: "%.3f", dice)) on inner patients")
            if dice > best?.dice ?? -1 { best = (rate, dice) }
        }
        guard let best else {
            throw Failure.badData("\(trial.start): training fails with every learning rate; try lower ones.")
        }
        return best.rate
    }
}
