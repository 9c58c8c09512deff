import Contrastive
import Tensor
import UNet

/// How a network is trained on labels: the same for every start that is compared.
package struct FineTuning: Codable, Hashable, Sendable {
    /// Rounds of training; without federation each is `localEpochs` passes as well.
    package var rounds = 100
    /// Passes of each client over its annotated slices in a round.
    package var localEpochs = 1
    /// Slices in a batch, about.
    package var batchSize = 8
    /// Adam's rate behind the warm-up.
    package var learningRate: Float = 4e-3
    /// The rate of the encoder, as a fraction of that of the decoder; 0 keeps the encoder as it was.
    package var encoderRate: Float = 1
    /// The part of all steps in which the rate rises to its full height, as a fraction.
    ///
    /// The fresh decoder sends large, random derivatives to the encoder at first, and Adam moves by its full rate
    /// from the first step.
    package var warmUp: Float = 0.1
    /// What is left of the rate at the end, as a fraction; it falls along a cosine.
    package var floor: Float = 0.01
    /// The L2 penalty added to the gradient.
    package var weightDecay: Float = 1e-5
    package var loss = SegmentationLoss.crossEntropyAndDice
    package var augmentation = Strength.weak

    package init() {}

    /// Refuses what nothing can be trained with, naming the option and its range.
    package func validate() throws(Failure) {
        try check(
            learningRate.isFinite && learningRate > 0,
            "--learning-rate \(learningRate): a positive number is expected.")
        try check(
            (0...1).contains(encoderRate), "--encoder-rate \(encoderRate): a fraction from 0 to 1 is expected.")
        try check(
            (0...1).contains(warmUp), "--warm-up \(warmUp): a fraction of the steps, 0 to 1, is expected.")
        try check(rounds > 0, "--rounds \(rounds): a positive number is expected.")
        try check(localEpochs > 0, "--local-epochs \(localEpochs): a positive number is expected.")
        try check(
            (2...1024).contains(batchSize), "--batch-size \(batchSize): a number from 2 to 1024 is expected.")
        try check(
            (0...1).contains(floor), "floor \(floor): a fraction of the learning rate, 0 to 1, is expected.")
        try check(
            weightDecay.isFinite && weightDecay >= 0,
            "--weight-decay \(weightDecay): zero or more is expected.")
    }

    /// The rate over all steps of a site.
    func schedule(steps: Int) -> Schedule {
        let rising = Int(warmUp * Float(steps))
        return .warmUp(
            steps: rising, then: .cosine(from: learningRate, to: floor * learningRate, steps: steps - rising))
    }

    /// The strength of the random views.
    package enum Strength: String, Codable, CaseIterable, Sendable {
        case none, weak, upright, standard

        var views: Augmentation {
            switch self {
            case .none: .identity
            case .weak: .weak
            case .upright: .upright
            case .standard: .standard
            }
        }
    }
}
