import Federation
import Tensor
import UNet

/// One hospital with some annotated patients: it trains the whole segmentation network on their slices.
///
/// The optimizer's moments stay at the site from round to round, and its statistics are averaged as ordinary weights.
/// Source: Wu et al., MICCAI 2021, section 3, for supervised federated averaging; the rest is this package's choice.
package actor FineTuningSite: Client {
    package nonisolated let id: String
    private let index: Int
    private let slices: LabelledSlices
    private let network: UNet
    private let plan: FineTuning
    private let seed: UInt64
    package private(set) var optimizer: Adam
    private let advanced: @Sendable (_ loss: Float) -> Void

    package init(
        index: Int, slices: LabelledSlices, network: UNet, plan: FineTuning, seed: UInt64,
        advanced: @escaping @Sendable (Float) -> Void
    ) {
        id = "client-\(index + 1)"
        (self.index, self.slices, self.network, self.plan, self.seed) = (index, slices, network, plan, seed)
        self.advanced = advanced
        optimizer = Adam(learningRate: plan.learningRate, weightDecay: plan.weightDecay)
    }

    /// Goes on with the moments of an earlier process.
    package func restore(_ state: Safetensors, for parameters: Parameters) throws {
        try optimizer.restore(state, for: parameters)
    }

    package func train(from parameters: Parameters, round: Int, features: [FeatureShare]) throws -> LocalUpdate {
        var generator = SeededGenerator(seed: seed, path: Stream.fineTuning, round, index)
        var main = parameters
        let stepsOfRound = plan.localEpochs * slices.steps(batchSize: plan.batchSize)
        let schedule = plan.schedule(steps: plan.rounds * stepsOfRound)
        var step = (round - 1) * stepsOfRound
        var sum = 0.0
        for _ in 0..<plan.localEpochs {
            for indices in slices.epoch(batchSize: plan.batchSize, using: &generator) {
                try Task.checkCancellation()
                var (images, labels) = slices.batch(indices)
                images = plan.augmentation.views(images, labels: &labels, using: &generator)
                let frozen = plan.encoderRate == 0 ? encoded(images, by: main) : nil
                let (loss, gradient) = valueAndGradient(at: &main) { tape in
                    let scores = frozen.map { network.scores(from: $0.map(tape.constant)) }
                    return plan.loss(scores ?? network(tape.constant(images)), labels: labels)
                }
                try NonFiniteLoss.check(loss, step: step)
                optimizer.learningRate = schedule.rate(at: step)
                let before = plan.encoderRate == 1 ? nil : main
                optimizer.update(&main, along: gradient)
                if let before { main.holdEncoder(to: before, moving: plan.encoderRate) }
                sum += Double(loss)
                step += 1
                advanced(loss)
            }
        }
        return LocalUpdate(
            parameters: main, sampleCount: slices.count, round: round, client: id,
            metrics: ["loss": sum / Double(stepsOfRound), "learningRate": Double(optimizer.learningRate)])
    }

    /// What an encoder that is not trained makes of images, with its running statistics.
    private func encoded(_ images: Tensor, by parameters: Parameters) -> [Tensor] {
        var features: [Tensor] = []
        _ = evaluate(parameters) { tape in
            let levels = network.encoder.features(tape.constant(images))
            features = levels.map(\.value)
            return levels.last!
        }
        return features
    }
}

extension Parameters {
    /// Lets the encoder's weights go only a fraction of the way that a step took them.
    ///
    /// Adam's step is proportional to its rate, so this is a smaller rate for the encoder.
    fileprivate mutating func holdEncoder(to before: Parameters, moving fraction: Float) {
        for slot in slots where slot.role == .trainable && SegmentationModel.isEncoder(slot.name) {
            var weights = before[slot]
            if fraction > 0 { weights.interpolate(toward: self[slot], by: fraction) }
            self[slot] = weights
        }
    }
}
