import Federation
import Segmentation
import Tensor
import UNet

/// A hospital with some annotated patients, which trains the whole segmentation network on their slices.
///
/// The optimizer's moments stay at the site between rounds.
///
/// Source: Wu et al., MICCAI 2021, section 3, for supervised federated averaging; the rest is this package's choice.
public actor FineTuningSite: Client {
    /// The pseudonym of the site.
    public nonisolated let id: String
    private let index: Int
    private let slices: LabelledSlices
    private let network: UNet
    private let plan: FineTuningPlan
    private let seed: UInt64
    private var optimizer: Adam
    private let advance: @Sendable (_ loss: Float) -> Void

    /// Creates a site before its first round.
    ///
    /// - Parameters:
    ///   - index: The index of the site, from 0.
    ///   - slices: The annotated slices of the site.
    ///   - network: The segmentation network.
    ///   - plan: The training plan.
    ///   - seed: The seed of the order of slices and their views.
    ///   - advance: A closure called after every step.
    public init(
        index: Int, slices: LabelledSlices, network: UNet, plan: FineTuningPlan, seed: UInt64,
        advance: @escaping @Sendable (_ loss: Float) -> Void = { _ in }
    ) {
        id = "client-\(index + 1)"
        (self.index, self.slices, self.network, self.plan, self.seed) = (index, slices, network, plan, seed)
        self.advance = advance
        optimizer = Adam(learningRate: plan.learningRate, weightDecay: plan.weightDecay)
        optimizer.rateFactors[.encoder] = plan.encoderRate
    }

    /// The complete state that the next round needs in addition to the global model.
    public var state: Safetensors { optimizer.state }

    /// Continues with the moments of an earlier process.
    ///
    /// - Throws: `WeightsError` if `state` is not the state of an optimizer of `parameters`.
    public func restore(_ state: Safetensors, for parameters: Parameters) throws(WeightsError) {
        try optimizer.restore(state, for: parameters)
    }

    /// Trains the global model on the site's annotated slices for one round.
    public func train(from parameters: Parameters, round: Int, features: [FeatureShare]) throws -> LocalUpdate {
        var generator = SeededGenerator(seed: seed, path: RandomStream.fineTuning, round, index)
        var main = parameters
        let stepsPerRound = plan.localEpochs * slices.steps(batchSize: plan.batchSize)
        let schedule = plan.schedule(steps: plan.rounds * stepsPerRound)
        var step = (round - 1) * stepsPerRound
        var sum = 0.0
        for _ in 0..<plan.localEpochs {
            for indices in slices.epoch(batchSize: plan.batchSize, using: &generator) {
                try Task.checkCancellation()
                var (images, labels) = slices.batch(indices)
                images = plan.augmentation.views(images, labels: &labels, using: &generator)
                let frozen = plan.encoderRate == 0 ? frozenFeatures(of: images, with: main) : nil
                let (loss, gradient) = valueAndGradient(at: &main) { tape in
                    let scores = frozen.map { network.scores(from: $0.map(tape.constant)) }
                    return plan.loss(scores ?? network(tape.constant(images)), labels: labels)
                }
                try NonFiniteLoss.check(loss, step: step)
                optimizer.learningRate = schedule.rate(at: step)
                optimizer.update(&main, along: gradient)
                sum += Double(loss)
                step += 1
                advance(loss)
            }
        }
        return LocalUpdate(
            parameters: main, sampleCount: slices.count, round: round, client: id,
            metrics: [.loss: sum / Double(stepsPerRound), .learningRate: Double(optimizer.learningRate)])
    }

    /// Returns the features of a frozen encoder, computed with its running statistics.
    private func frozenFeatures(of images: Tensor, with parameters: Parameters) -> [Tensor] {
        var features: [Tensor] = []
        _ = evaluate(parameters) { tape in
            let levels = network.encoder.features(tape.constant(images))
            features = levels.map(\.value)
            return levels.last!
        }
        return features
    }
}

extension SegmentationModel {
    /// Returns this model after fine-tuning with federated averaging, each client on its own labeled images.
    ///
    /// A single client amounts to ordinary training. For cross-validated experiments that can be stopped, see
    /// ``CrossValidation``.
    ///
    /// - Parameters:
    ///   - clients: The labeled images of each client, preprocessed like this model's.
    ///   - plan: The training plan.
    ///   - seed: The seed of the order of slices and their views.
    ///   - observer: A closure that is notified of steps.
    /// - Throws: `FederationError.quorumLost` if training fails at a client; `CancellationError`.
    /// - Precondition: Every client has a labeled image.
    public func fineTuned(
        at clients: [[LabelledCase]], plan: FineTuningPlan = FineTuningPlan(), seed: UInt64 = 1,
        observer: @escaping TrainingObserver = { _ in }
    ) async throws -> SegmentationModel {
        let slices = clients.map(LabelledSlices.init)
        let steps = slices.reduce(0) { $0 + $1.steps(batchSize: plan.batchSize) } * plan.localEpochs * plan.rounds
        let counter = StepCounter(steps: steps, observer: observer)
        let sites = slices.enumerated().map { index, slices in
            FineTuningSite(index: index, slices: slices, network: network, plan: plan, seed: seed) {
                counter.advance("fine-tuning", loss: $0)
            }
        }
        var federation = Federation(
            clients: sites, parameters: parameters, quorum: sites.count,
            concurrency: min(Parallel.threadCount, sites.count))
        while federation.round < plan.rounds {
            try Task.checkCancellation()
            _ = try await federation.runRound()
        }
        var model = self
        model.parameters = federation.parameters
        return model
    }
}
