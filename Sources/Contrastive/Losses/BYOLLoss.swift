import Tensor

/// The loss of "bootstrap your own latent", in which the main encoder predicts the target encoder's projection of
/// another view, without negatives.
///
/// With the prediction p of one view and the target t of the other:
///
/// ```
/// (2)  ℓ(p, t) = | p/|p| − t/|t| |² = 2 − 2 p·t / (|p| |t|)
/// ```
///
/// It is 0 for equal directions, 2 for orthogonal ones, and 4 for opposite ones. The targets are constants: they come
/// from a ``MomentumEncoder``, which moves only by averaging. A step uses both views in both roles:
///
/// ```swift
/// let value =
///     loss(predictor(head(encoder(a))), targets: targetsOfB) + loss(predictor(head(encoder(b))), targets: targetsOfA)
/// ```
///
/// Source: Grill et al., "Bootstrap your own latent: a new approach to self-supervised learning", NeurIPS 2020,
/// section 3.1, Eq. (2). In FedBYOL, the server averages encoder, projection head, and ``Predictor``; the target
/// encoder restarts every round at the global encoder; which of these parts is averaged is this package's choice.
public struct BYOLLoss: Hashable, Sendable, Codable {
    /// Creates a loss; it has no settings.
    public init() {}

    /// Returns the mean over the batch, a scalar from 0 to 4, differentiable with respect to the predictions.
    ///
    /// **Shapes** `predictions` and `targets` `[batch, dimension]`, of any length: they are normalized here.
    ///
    /// - Precondition: Equal shapes of rank 2, not empty.
    public func callAsFunction(_ predictions: Variable, targets: Tensor) -> Variable {
        precondition(
            predictions.shape == targets.shape && targets.shape.rank == 2 && targets.count > 0,
            "predictions \(predictions.shape) of targets \(targets.shape)")
        let cosines = l2Normalize(predictions) * predictions.tape.constant(targets.l2Normalized())
        return sum(cosines) * (-2 / Float(targets.shape[0])) + 2
    }
}
