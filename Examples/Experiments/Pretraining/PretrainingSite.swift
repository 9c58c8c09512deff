import Contrastive
import Federation
import Tensor

/// One hospital: it holds volumes that never leave it, and answers the server with weights and, in some methods,
/// features.
///
/// Batches, gradient, optimizer and rate are the same for every method, so that methods are compared at equal numbers
/// of steps; what a batch teaches is the method's.
package actor PretrainingSite: Client {
    package nonisolated let id: String
    /// The most features that this site sends in a round.
    package nonisolated let mostShared: Int
    private let index: Int
    private let slices: SliceLibrary
    private let settings: PretrainingSettings
    private let meter: StepMeter
    private var method: any PretrainingMethod
    /// The site's own model, where it shares none; the server's is an average that it does not see.
    private var own: Parameters?
    private var refilledRound = 0

    /// A site, at first or, with `state`, as it was after a round.
    package init(
        index: Int, slices: SliceLibrary, model: PretrainingModel, settings: PretrainingSettings, state: Safetensors?,
        meter: StepMeter
    ) throws {
        id = "client-\(index + 1)"
        (self.index, self.slices, self.settings, self.meter) = (index, slices, settings, meter)
        var method = model.method
        method.settle(at: slices)
        mostShared = method.mostShared
        if let state { try method.restore(state) }
        if let state, settings.collaboration == .local {
            var parameters = model.parameters
            let missing = try parameters.load(state.part(under: Self.ownModel)).fresh
            guard missing.isEmpty else {
                throw Failure.badData("the checkpoint lacks \(missing[0]) of \(id)'s model; begin a new run.")
            }
            own = parameters
        }
        self.method = method
    }

    /// What the next round needs beside the global model.
    package var state: Safetensors {
        var state = method.state
        if let own { state.insert(own.safetensors(), under: Self.ownModel) }
        return state
    }
    private static let ownModel = "model."

    /// Features of the site's slices, where the method keeps any.
    package var features: FeatureSet? { method.features }

    /// What the method renews at the beginning of a round, on its way to the other sites.
    package func shareFeatures(of parameters: Parameters, round: Int) throws -> FeatureShare? {
        try refill(by: parameters, round: round).map {
            try FeatureShare(normalizing: $0.features, partitions: $0.partitions, client: id, round: round)
        }
    }

    /// One round of local training.
    package func train(
        from parameters: Parameters, round: Int, features shares: [FeatureShare]
    ) throws -> LocalUpdate {
        var main = own ?? parameters
        if refilledRound < round { _ = try refill(by: main, round: round) }
        var generator = SeededGenerator(seed: settings.seed, path: Stream.training, round, index)
        var optimizer = Adam(learningRate: settings.learningRate, weightDecay: settings.weightDecay)
        let schedule = Schedule.cosine(
            from: settings.learningRate, to: 0, steps: settings.rounds * stepsOfRound)
        var step = (round - 1) * stepsOfRound
        var (losses, constants) = (RunningMean(), RunningMean())

        method.beginRound(
            &main, others: shares.map { FeatureSet(features: $0.vectors, partitions: $0.partitions) })
        for _ in 0..<settings.localEpochs {
            for batch in slices.epoch(settings.batch, volumes: settings.batchVolumes, using: &generator) {
                try Task.checkCancellation()
                let batch = slices.batch(batch)
                let (loss, gradient) = valueAndGradient(at: &main) { tape in
                    let loss = method.loss(of: batch, on: tape, using: &generator)
                    if let constant = loss.constant { constants.add(constant) }
                    return loss.value
                }
                try NonFiniteLoss.check(loss, step: step)
                losses.add(Double(loss))
                optimizer.learningRate = schedule.rate(at: step)
                optimizer.update(&main, along: gradient)
                method.follow(&main)
                step += 1
                meter.advance(round: round, loss: loss)
            }
        }
        if settings.collaboration == .local { own = main }
        var metrics = ["loss": losses.value, "learningRate": Double(optimizer.learningRate)]
        if constants.count > 0 { metrics["constant"] = constants.value }
        metrics.merge(method.endRound()) { $1 }
        return LocalUpdate(
            parameters: main, sampleCount: slices.count, round: round, client: id, metrics: metrics)
    }

    private var stepsOfRound: Int { settings.localEpochs * slices.steps(volumes: settings.batchVolumes) }

    private func refill(by parameters: Parameters, round: Int) throws -> FeatureSet? {
        var generator = SeededGenerator(seed: settings.seed, path: Stream.refill, round, index)
        defer { refilledRound = round }
        return try method.refill(from: slices, by: parameters, using: &generator)
    }
}

extension PretrainingSite {
    /// The exchange of features among some sites; `nil` where none are exchanged.
    package static func exchange(among sites: [PretrainingSite], _ settings: PretrainingSettings) -> FeatureExchange? {
        let most = sites.map(\.mostShared).max() ?? 0
        guard settings.exchange, settings.collaboration == .fedavg, most > 0 else { return nil }
        return FeatureExchange(
            dimension: settings.featureDimension, partitions: settings.partitions, maximumCount: most)
    }
}

/// The mean of numbers that come one by one.
private struct RunningMean {
    private(set) var count = 0
    private var sum = 0.0
    var value: Double { sum / Double(count) }

    mutating func add(_ number: Double) {
        sum += number
        count += 1
    }
}
