import Federation
import Segmentation
import Tensor
import UNet
import Volumes

/// A hospital with some annotated patients, which trains the whole segmentation network on their slices; if it also
/// has images without labels, on those too, with the labels that the average of the global weights gives them.
///
/// The optimizer's moments, the average, and the labels stay at the site.
///
/// Source: Wu et al., MICCAI 2021, section 3, for supervised federated averaging; the rest is this package's choice.
public actor FineTuningSite: Client {
    /// The pseudonym of the site.
    public nonisolated let id: String
    private let index: Int
    private let slices: LabelledSlices
    private let model: SegmentationModel
    private let plan: FineTuningPlan
    private let seed: UInt64
    private var optimizer: Adam
    private var student: SelfTrainingSite?
    private let advance: @Sendable (_ loss: Float) -> Void

    private var network: UNet { model.network }

    /// Creates a site before its first round.
    ///
    /// - Parameters:
    ///   - index: The index of the site, from 0.
    ///   - slices: The annotated slices of the site.
    ///   - unlabelled: Images without labels, used if `plan.unlabelled`; labels that they have are ignored.
    ///   - model: The initial model; only its architecture matters.
    ///   - plan: The training plan.
    ///   - seed: The seed of the order of slices and their views.
    ///   - advance: A closure called after every step.
    public init(
        index: Int, slices: LabelledSlices, unlabelled: [PreparedVolume] = [], model: SegmentationModel,
        plan: FineTuningPlan, seed: UInt64, advance: @escaping @Sendable (_ loss: Float) -> Void = { _ in }
    ) {
        id = "client-\(index + 1)"
        (self.index, self.slices, self.model, self.plan, self.seed) = (index, slices, model, plan, seed)
        self.advance = advance
        optimizer = plan.optimizer
        if plan.unlabelled, !unlabelled.isEmpty {
            student = SelfTrainingSite(unlabelled, labelledVolume: slices.meanVolume, model: model, plan: plan)
        }
    }

    /// The complete state that the next round needs in addition to the global model.
    public var state: Safetensors {
        var state = Safetensors()
        state.insert(optimizer.state, under: "optimizer.")
        if let student { state.insert(student.state, under: "student.") }
        return state
    }

    /// Continues from the state of an earlier process.
    ///
    /// - Throws: `WeightsError` if `state` is not the state of such a site with these `parameters`;
    ///   `CancellationError`.
    public func restore(_ state: Safetensors, for parameters: Parameters) async throws {
        try optimizer.restore(state.part(under: "optimizer."), for: parameters)
        if var student {
            try await student.restore(state.part(under: "student."), like: parameters)
            self.student = student
        }
    }

    /// Returns `nil`: fine-tuning exchanges no features.
    public func shareFeatures(of parameters: Parameters, round: Int) -> FeatureShare? { nil }

    /// Trains the global model on the site's slices for one round.
    public func train(from parameters: Parameters, round: Int, features: [FeatureShare]) async throws -> LocalUpdate {
        if var student {
            try await student.begin(round, with: parameters)
            self.student = student
        }
        var generator = SeededGenerator(seed: seed, path: RandomStream.fineTuning, round, index)
        var main = parameters
        let batches = slices.steps(batchSize: plan.batchSize)
        let steps = plan.steps(ofRound: round, batches: batches)
        let schedule = plan.schedule(steps: plan.totalSteps(batches: batches))
        let proximal = ProximalTerm(weight: plan.proximal, around: parameters)
        var sum = 0.0
        for step in steps {
            try Task.checkCancellation()
            let batch = batch(ofStep: step, round: round, using: &generator)
            let frozen = plan.encoderRate == 0 ? frozenFeatures(of: batch.images, with: main) : nil
            var (loss, gradient) = valueAndGradient(at: &main) { tape in
                let scores =
                    frozen.map { network.scores(from: $0.map(tape.constant)) } ?? network(tape.constant(batch.images))
                guard batch.labelledCount < batch.images.shape[0] else {
                    return plan.loss(scores, labels: batch.labels)
                }
                let split = batch.labelledCount * slices.pixelsOfSlice
                let own = slice(scores, rows: 0..<batch.labelledCount)
                let others = slice(scores, rows: batch.labelledCount..<batch.images.shape[0])
                return plan.loss(own, labels: Array(batch.labels[..<split]))
                    + plan.loss(others, labels: Array(batch.labels[split...])) * batch.weight
            }
            try NonFiniteLoss.check(loss, step: step)
            proximal.add(to: &gradient, at: main)
            optimizer.learningRate = schedule.rate(at: step)
            optimizer.update(&main, along: gradient)
            sum += Double(loss)
            advance(loss)
        }
        return LocalUpdate(
            parameters: main, sampleCount: slices.count, round: round, client: id,
            metrics: [.loss: sum / Double(steps.count), .learningRate: Double(optimizer.learningRate)])
    }

    /// Returns views of the annotated slices of a step, and of as many slices without labels, if any are to be learned
    /// from.
    private func batch(ofStep step: Int, round: Int, using generator: inout SeededGenerator) -> TrainingBatch {
        let indices = indices(ofStep: step)
        var (images, labels) = slices.batch(indices)
        images = plan.views(images, labels: &labels, using: &generator)
        let batch = TrainingBatch(images: images, labels: labels, labelledCount: indices.count)
        let positions = indices.map(slices.position)
        return student?.extended(batch, at: positions, round: round, using: &generator) ?? batch
    }

    /// Returns the slices of a step. Passes over all slices follow one another, each in an order of its own, however
    /// the steps are divided into rounds.
    private func indices(ofStep step: Int) -> [Int] {
        let batches = slices.steps(batchSize: plan.batchSize)
        var generator = SeededGenerator(seed: seed, path: RandomStream.fineTuningOrder, step / batches, index)
        return slices.epoch(batchSize: plan.batchSize, using: &generator)[step % batches]
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

/// The images of one step, those with true labels first.
struct TrainingBatch: Sendable {
    /// The pixels. Shape `[count, size, size, channels]`.
    var images: Tensor
    /// The label of each pixel.
    var labels: [UInt8]
    /// The number of images with true labels.
    var labelledCount: Int
    /// The weight of the loss of the others.
    var weight: Float = 1
}

extension SegmentationModel {
    /// Returns this model after fine-tuning with federated averaging, each client on its own labeled images.
    ///
    /// A single client amounts to ordinary training. For cross-validated experiments that can be stopped, see
    /// ``CrossValidation``.
    ///
    /// - Parameters:
    ///   - clients: The labeled images of each client, preprocessed like this model's.
    ///   - unlabelled: Images of each client without labels, used if `plan.unlabelled`.
    ///   - plan: The training plan.
    ///   - seed: The seed of the order of slices and their views.
    ///   - observer: A closure that is notified of steps.
    /// - Throws: `FederationError.quorumLost` if training fails at a client; `CancellationError`.
    /// - Precondition: Every client has a labeled image; as many lists of images without labels as clients.
    public func fineTuned(
        at clients: [[LabelledCase]], unlabelled: [[PreparedVolume]]? = nil,
        plan: FineTuningPlan = FineTuningPlan(), seed: UInt64 = 1,
        observer: @escaping TrainingObserver = { _ in }
    ) async throws -> SegmentationModel {
        let slices = clients.map(LabelledSlices.init)
        let steps = slices.reduce(0) { $0 + plan.totalSteps(batches: $1.steps(batchSize: plan.batchSize)) }
        let counter = StepCounter(steps: steps, observer: observer)
        let sites = slices.enumerated().map { index, slices in
            FineTuningSite(
                index: index, slices: slices, unlabelled: unlabelled?[index] ?? [], model: self, plan: plan, seed: seed
            ) {
                counter.advance("fine-tuning", loss: $0)
            }
        }
        var server = try FineTuningServer(
            clients: sites, model: self, plan: plan, concurrency: min(Parallel.threadCount, sites.count))
        try await server.run()
        return server.model
    }
}
