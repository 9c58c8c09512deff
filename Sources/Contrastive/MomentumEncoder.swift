import Tensor

/// The encoder that computes keys, an exponential moving average of the main encoder, `θ_k ← m θ_k + (1 − m) θ_q`.
///
/// All parameters are averaged, including the statistics of batch norms. No gradient flows into them.
///
/// Source: He et al., "Momentum contrast for unsupervised visual representation learning", CVPR 2020, Eq. (2). In
/// federated training, it restarts at the global encoder each round, which is this package's choice because the paper
/// does not specify it.
public struct MomentumEncoder: Sendable {
    /// The current average, θ_k.
    public private(set) var parameters: Parameters
    /// The momentum m: the fraction of itself that the average keeps per step.
    public let momentum: Float

    /// Creates an average that starts at `parameters`.
    ///
    /// - Precondition: `momentum` is in 0 … 1.
    public init(_ parameters: Parameters, momentum: Float = 0.99) {
        precondition((0...1).contains(momentum), "a momentum of \(momentum): expected 0 to 1")
        (self.parameters, self.momentum) = (parameters, momentum)
    }

    /// Moves one step toward the main encoder.
    ///
    /// - Precondition: A model with the same slots.
    public mutating func update(toward main: Parameters) {
        precondition(parameters.matches(main), "a momentum encoder cannot move toward a model with other parameters")
        parameters.vector.interpolate(toward: main.vector, by: 1 - momentum)
    }
}
