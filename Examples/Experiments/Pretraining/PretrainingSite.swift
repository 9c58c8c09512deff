import Contrastive
import Federation
import Tensor

/// One hospital: it holds volumes that never leave it, and answers the server with features and weights.
///
/// Source: Wu et al., MICCAI 2021, sections 2.1 to 2.3. That the bank is refilled every round by the new global encoder,
/// and that the momentum encoder begins every round at the global one, is this package's reconstruction.
package actor PretrainingSite: Client {
    package nonisolated let id: String
    private let index: Int
    private let slices: SliceLibrary
    private let model: PretrainingModel
    private let settings: PretrainingSettings
    private let meter: StepMeter
    /// Q_l: what is shared, saved and sampled from.
    package private(set) var bank: MemoryBank

    package init(
        index: Int, slices: SliceLibrary, model: PretrainingModel, settings: PretrainingSettings, bank: MemoryBank?,
        meter: StepMeter
    ) {
        id = "client-\(index + 1)"
        (self.index, self.slices, self.model, self.settings, self.meter) = (index, slices, model, settings, meter)
        self.bank =
            bank ?? MemoryBank(capacity: settings.bank ?? slices.count, dimension: settings.featureDimension)
    }

    /// Fills the bank with features of the site's own slices under the new global encoder, through the views of
    /// training, and shares it.
    package func shareFeatures(of parameters: Parameters, round: Int) throws -> FeatureShare? {
        var generator = SeededGenerator(seed: settings.seed, path: Stream.refill, round, index)
        for batch in slices.shuffled(batchSize: settings.batchVolumes * settings.partitions, using: &generator) {
            try Task.checkCancellation()
            bank.push(keys(of: batch, by: parameters, using: &generator))
        }
        let contents = bank.contents
        return try FeatureShare(
            normalizing: contents.features, partitions: contents.partitions, client: id, round: round)
    }

    /// One round of local training: queries from the main encoder, keys from its moving average, negatives and remote
    /// positives from the banks of all sites.
    package func train(from parameters: Parameters, round: Int, features shares: [FeatureShare]) throws -> LocalUpdate {
        var generator = SeededGenerator(seed: settings.seed, path: Stream.training, round, index)
        var main = parameters
        var average = MomentumEncoder(parameters, momentum: settings.momentum)
        var optimizer = Adam(learningRate: settings.learningRate, weightDecay: settings.weightDecay)
        let others = shares.map { FeatureSet(features: $0.vectors, partitions: $0.partitions) }
        let separation = bank.contents.separation
        var statistics = FCLLoss.Statistics()
        let schedule = Schedule.cosine(
            from: settings.learningRate, to: 0, steps: settings.rounds * stepsOfRound)
        var step = (round - 1) * stepsOfRound

        for _ in 0..<settings.localEpochs {
            for batch in slices.epoch(volumes: settings.batchVolumes, using: &generator) {
                try Task.checkCancellation()
                let keys = keys(of: batch, by: average.parameters, using: &generator)
                let views = settings.views(slices.images(batch), using: &generator)
                let sample = FeatureSet.sample(
                    from: [bank.contents] + others, count: bank.capacity, using: &generator)
                let (loss, gradient) = valueAndGradient(at: &main) { tape in
                    let (loss, parts) = settings.loss(
                        model(tape.constant(views)), partitions: batch.map(\.partition), keys: keys, bank: sample)
                    statistics += parts
                    return loss
                }
                try NonFiniteLoss.check(loss, step: step)
                optimizer.learningRate = schedule.rate(at: step)
                optimizer.update(&main, along: gradient)
                average.follow(main)
                bank.push(keys)
                step += 1
                meter.advance(round: round, loss: loss)
            }
        }
        return LocalUpdate(
            parameters: main, sampleCount: slices.count, round: round, client: id,
            metrics: RoundMetrics(statistics, separation, learningRate: optimizer.learningRate).values)
    }

    private var stepsOfRound: Int { settings.localEpochs * slices.steps(volumes: settings.batchVolumes) }

    /// Unit features of a random view of each slice.
    private func keys(
        of batch: [SliceLibrary.Slice], by parameters: Parameters, using generator: inout SeededGenerator
    ) -> FeatureSet {
        let views = settings.views(slices.images(batch), using: &generator)
        let projections = evaluate(parameters, normalization: settings.keyStatistics) { model($0.constant(views)) }
        return FeatureSet(features: projections.l2Normalized(), partitions: batch.map(\.partition))
    }
}
