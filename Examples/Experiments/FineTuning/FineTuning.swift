import Contrastive
import UNet

/// How a network is trained on labels: the same for every start that is compared.
package struct FineTuning: Codable, Hashable, Sendable {
    /// Rounds of training; without federation each is `localEpochs` passes as well.
    package var rounds = 100
    /// Passes of each client over its annotated slices in a round.
    package var localEpochs = 1
    /// Slices in a batch, about.
    package var batchSize = 8
    /// Adam's rate at the start.
    package var learningRate: Float = 4e-3
    /// What is left of the rate at the end, as a fraction; it falls along a cosine.
    package var floor: Float = 0.01
    /// The L2 penalty added to the gradient.
    package var weightDecay: Float = 1e-5
    package var loss = SegmentationLoss.crossEntropyAndDice
    package var augmentation = Strength.weak
    /// Whether the encoder stays as it was.
    package var freezesEncoder = false

    package init() {}

    /// The strength of the random views.
    package enum Strength: String, Codable, CaseIterable, Sendable {
        case none, weak, standard

        var views: Augmentation {
            switch self {
            case .none: .identity
            case .weak: .weak
            case .standard: .standard
            }
        }
    }
}
