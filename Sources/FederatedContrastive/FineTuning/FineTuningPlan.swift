import Contrastive
import Tensor
import UNet

/// The recipe for training a network on labels, the same for all initial weights under comparison.
public struct FineTuningPlan: Codable, Hashable, Sendable {
    /// The number of rounds; without federation, each also consists of `localEpochs` passes.
    public var rounds = 100
    /// The number of passes of each client over its annotated slices per round.
    public var localEpochs = 1
    /// The approximate number of slices in a batch.
    public var batchSize = 8
    /// Adam's learning rate after the warm-up.
    public var learningRate: Float = 4e-3
    /// The learning rate of the encoder, as a fraction of the decoder's; 0 freezes the encoder.
    public var encoderRate: Float = 1
    /// The fraction of all steps over which the learning rate rises to its full value.
    ///
    /// The randomly initialized decoder initially sends large, random gradients to the encoder, and Adam moves by its
    /// full learning rate from the first step.
    public var warmUp: Float = 0.1
    /// The final learning rate, as a fraction of the full one; it decays along a cosine.
    public var floor: Float = 0.01
    /// The L2 penalty added to the gradient.
    public var weightDecay: Float = 1e-5
    /// The training loss.
    public var loss = SegmentationLoss.crossEntropyAndDice
    /// The strength of the random augmentation.
    public var augmentation = AugmentationStrength.weak

    /// Creates the default plan.
    public init() {}

    /// Checks that a network can be trained with this plan.
    ///
    /// - Throws: `RunError` with the setting, its value, and the range.
    public func validate() throws(RunError) {
        try check("learningRate", learningRate, learningRate.isFinite && learningRate > 0, "a positive number")
        try check("encoderRate", encoderRate, (0...1).contains(encoderRate), "a fraction from 0 to 1")
        try check("warmUp", warmUp, (0...1).contains(warmUp), "a fraction of the steps, 0 to 1,")
        try check("rounds", rounds, rounds > 0, "a positive number")
        try check("localEpochs", localEpochs, localEpochs > 0, "a positive number")
        try check("batchSize", batchSize, (2...1024).contains(batchSize), "a number from 2 to 1024")
        try check("floor", floor, (0...1).contains(floor), "a fraction of the learning rate, 0 to 1,")
        try check("weightDecay", weightDecay, weightDecay.isFinite && weightDecay >= 0, "zero or more")
    }

    /// Returns the learning rate schedule over all steps of a site.
    func schedule(steps: Int) -> Schedule {
        let rising = Int(warmUp * Float(steps))
        return .warmUp(
            steps: rising, then: .cosine(from: learningRate, to: floor * learningRate, steps: steps - rising))
    }
}
