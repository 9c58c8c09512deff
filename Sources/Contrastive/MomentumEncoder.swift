import Tensor

/// The encoder that computes keys: an average of the main encoder over its last steps, `θ_k ← m θ_k + (1 − m) θ_q`.
///
/// All parameters are averaged, the statistics of batch norms among them. No gradient reaches them.
///
/// Source: He et al., "Momentum contrast for unsupervised visual representation learning", CVPR 2020, Eq. (2). When a
/// round begins, the average starts again at the global encoder or goes on: a choice of this package, since the paper
/// does not say.
public struct MomentumEncoder: Sendable {
    /// What a round of federated training does to the average when it begins.
    public enum RoundStart: String, Hashable, Sendable, Codable, CaseIterable {
        /// It becomes the global encoder.
        case reset
        /// It goes on from the last round.
        case keep
    }

    /// θ_k, as the average is now.
    public private(set) var parameters: Parameters
    /// The part of itself that the average keeps in a step, m.
    public let momentum: Float

    /// An average that begins at `parameters`.
    ///
    /// - Precondition: `momentum` lies in 0 … 1.
    public init(_ parameters: Parameters, momentum: Float = 0.99) {
        precondition((0...1).contains(momentum), "a momentum of \(momentum): expected 0 to 1")
        (self.parameters, self.momentum) = (parameters, momentum)
    }

    /// Moves one step towards the main encoder.
    ///
    /// - Precondition: a model with the same slots.
    public mutating func follow(_ main: Parameters) {
        precondition(parameters.matches(main), "the momentum encoder cannot follow a model with other parameters")
        parameters.vector.interpolate(toward: main.vector, by: 1 - momentum)
    }

    /// Begins a round of federated training from the global encoder.
    ///
    /// - Precondition: a model with the same slots.
    public mutating func beginRound(from global: Parameters, _ start: RoundStart = .reset) {
        precondition(parameters.matches(global), "the momentum encoder cannot become a model with other parameters")
        if start == .reset { parameters = global }
    }
}
