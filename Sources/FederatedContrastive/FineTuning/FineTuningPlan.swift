import Contrastive
import Federation
import Tensor
import UNet

/// The recipe for training a network on labels, the same for all initial weights under comparison.
public struct FineTuningPlan: Codable, Hashable, Sendable {
    /// The number of steps of every client, regardless of how many slices it has; each is one batch.
    public var steps = 4800
    /// The number of steps between two averages of the clients' weights.
    public var stepsPerRound = 40
    /// The number of rounds of `localEpochs` passes, which replaces `steps`; `nil` to train for `steps`.
    public var rounds: Int?
    /// The number of passes of each client over its annotated slices per round, if `rounds` is given.
    public var localEpochs = 1
    /// The approximate number of slices in a batch: of equally many slices, small batches make more steps.
    public var batchSize = 2
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
    /// How the weights shrink.
    public var decay = Decay.decoupled
    /// The weight decay.
    public var weightDecay: Float = 0.01
    /// The training loss.
    public var loss = SegmentationLoss.crossEntropyAndDice
    /// The strength of the random augmentation; if `nil`, that of clients that train together, `upright`.
    public var augmentation: AugmentationStrength?
    /// The fraction of itself that the average of the weights keeps per round; the average is the result of the
    /// training. 0 for the weights of the last round.
    public var averaging: Float = 0.9
    /// The rule by which the server combines the clients' models.
    public var aggregation = AggregationRule.fedAvg
    /// The weight μ of FedProx's term in the loss of a client, which keeps it near the global model; 0 for none.
    public var proximal: Float = 0

    /// In an experiment on robustness, the number of clients that multiply their steps by ``lieFactor``, the first ones;
    /// simulated in one process only.
    public var liars = 0
    /// The factor by which lying clients multiply their steps.
    public var lieFactor: Float = -1

    /// Whether sites also learn from images without labels, which the average of the global weights labels.
    public var unlabelled = false

    /// The form of the weight decay.
    public enum Decay: String, Codable, CaseIterable, Sendable {
        /// It is applied to the weights, apart from Adam's step (AdamW).
        case decoupled
        /// It is added to the gradient (L2 penalty).
        case gradient
    }

    /// Creates the default plan.
    public init() {}

    /// Checks that a network can be trained with this plan.
    ///
    /// - Throws: `RunError` with the setting, its value, and the range.
    public func validate() throws(RunError) {
        try check("learningRate", learningRate, learningRate.isFinite && learningRate > 0, "a positive number")
        try check("encoderRate", encoderRate, (0...1).contains(encoderRate), "a fraction from 0 to 1")
        try check("warmUp", warmUp, (0...1).contains(warmUp), "a fraction of the steps, 0 to 1,")
        try check("steps", steps, (1...10_000_000).contains(steps), "a number from 1 to 10000000")
        try check("stepsPerRound", stepsPerRound, (1...100_000).contains(stepsPerRound), "a number from 1 to 100000")
        try check("rounds", rounds ?? 1, (1...100_000).contains(rounds ?? 1), "a number from 1 to 100000")
        try check("localEpochs", localEpochs, (1...1000).contains(localEpochs), "a number from 1 to 1000")
        try check("batchSize", batchSize, (2...1024).contains(batchSize), "a number from 2 to 1024")
        try check("floor", floor, (0...1).contains(floor), "a fraction of the learning rate, 0 to 1,")
        try check("weightDecay", weightDecay, weightDecay.isFinite && weightDecay >= 0, "zero or more")
        try check("proximal", proximal, (0...1000).contains(proximal), "a number from 0 to 1000")
        try check("liars", liars, (0...1000).contains(liars), "a number from 0 to 1000")
        try check("lieFactor", lieFactor, abs(lieFactor) <= 1e30, "a finite number")
        try check("averaging", averaging, averaging >= 0 && averaging < 1, "a fraction from 0, below 1,")
    }

    /// The number of rounds of a training.
    public var roundCount: Int { rounds ?? (steps + stepsPerRound - 1) / stepsPerRound }

    /// Returns the steps of a round, counted from 0 at the start of the training, at a site with some number of
    /// batches.
    func steps(ofRound round: Int, batches: Int) -> Range<Int> {
        let length = rounds == nil ? stepsPerRound : localEpochs * batches
        let end = rounds == nil ? min(steps, round * length) : round * length
        return (round - 1) * length..<end
    }

    /// Returns the number of steps of a site with some number of batches.
    func totalSteps(batches: Int) -> Int { steps(ofRound: roundCount, batches: batches).upperBound }

    /// The strength of the random augmentation, `upright` by default.
    var strength: AugmentationStrength { augmentation ?? .upright }

    /// The random augmentation.
    var views: Augmentation { strength.views }

    /// The optimizer of a site.
    var optimizer: Adam {
        var optimizer = Adam(
            learningRate: learningRate, weightDecay: weightDecay, isDecoupled: decay == .decoupled)
        optimizer.rateFactors[.encoder] = encoderRate
        return optimizer
    }

    /// Returns the learning rate schedule over all steps of a site.
    func schedule(steps: Int) -> Schedule {
        let rising = Int(warmUp * Float(steps))
        return .warmUp(
            steps: rising, then: .cosine(from: learningRate, to: floor * learningRate, steps: steps - rising))
    }
}
