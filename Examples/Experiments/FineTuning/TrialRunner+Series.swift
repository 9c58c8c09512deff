import Federation
import Tensor

/// How fast the two halves of a network learn.
package struct Rates: Hashable, Sendable, CustomStringConvertible {
    /// The rate of the decoder.
    package let decoder: Float
    /// The rate of the encoder, as a fraction of it.
    package let encoder: Float

    package init(decoder: Float, encoder: Float) { (self.decoder, self.encoder) = (decoder, encoder) }

    package var description: String {
        "learning rate \(decoder)" + (encoder == 1 ? "" : ", \(encoder) of it for the encoder,")
    }
}

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

    /// The learning rates of decoder and encoder with which a start does best on patients that no table sees.
    ///
    /// One trial for each pair of rates, with the fewest annotated patients, the first fold and the first seed, scored on the inner
    /// validation patients (`patients(of:in:)`). A rate with which training fails is out. Where clients learn alone, the
    /// first three of them do.
    package func bestRate(
        among rates: [Rates], for trial: Trial, log: @escaping @Sendable (String) -> Void
    ) async throws -> Rates {
        if rates.count == 1 { return rates[0] }
        var best: (rates: Rates, dice: Double)?
        let clients: [Int?] = trial.mode == .local ? split.clients.indices.prefix(3).map { $0 } : [nil]
        for rate in rates {
            let trials = clients.map { client in
                var search = trial
                (search.isSearch, search.client) = (true, client)
                (search.learningRate, search.encoderRate) = (rate.decoder, rate.encoder)
                return search
            }
            let dice: Double
            do {
                let results = try await run(trials) { _ in }
                dice = results.reduce(0) { $0 + ($1.dice ?? 0) } / Double(results.count)
            } catch let error as FederationError {
                guard case .quorumLost = error else { throw error }
                log("\(trial.start): \(rate) fails: \(error)")
                continue
            }
            log("\(trial.start): \(rate) gives Dice \(String(format: "%.3f", dice)) on inner patients")
            if dice > best?.dice ?? -1 { best = (rate, dice) }
        }
        guard let best else {
            throw Failure.badData("\(trial.start): training fails with every learning rate; try lower ones.")
        }
        return best.rates
    }
}
