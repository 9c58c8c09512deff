import Tensor

/// Adaptive optimization at the server, FedAdam and FedYogi: the change of the weights that ``FedAvg`` would make, Δ, is
/// the negative gradient.
///
/// `m ← β₁ m + (1 − β₁) Δ`, and `θ ← θ + η m / (√v + τ)`, where FedAdam has `v ← β₂ v + (1 − β₂) Δ²` and FedYogi
/// `v ← v − (1 − β₂) Δ² sign(v − Δ²)`. Moments start at `m = 0` and `v = τ²`. Statistics are averaged.
///
/// Source: Reddi et al., "Adaptive federated optimization", ICLR 2021, Algorithm 2.
public struct AdaptiveServer: Aggregator {
    /// The rules for the second moment.
    public enum Rule: String, Sendable, Hashable {
        /// An exponential average of the squares.
        case adam
        /// A step toward the squares whose size does not depend on the moment.
        case yogi
    }

    /// The rule for the second moment.
    public let rule: Rule
    /// The server's learning rate, η: about the change of a weight per round.
    public let learningRate: Float
    private static let (beta1, beta2, tau): (Float, Float, Float) = (0.9, 0.99, 1e-3)
    private var moments: (first: Tensor, second: Tensor)?

    /// Creates an aggregator before its first round.
    ///
    /// - Precondition: `learningRate > 0`.
    public init(_ rule: Rule, learningRate: Float = 1e-2) {
        precondition(learningRate > 0, "a server learning rate of \(learningRate)")
        (self.rule, self.learningRate) = (rule, learningRate)
    }

    /// Moves the weights of `parameters` by a step, and replaces its statistics with the mean of the updates.
    public mutating func aggregate(_ updates: [LocalUpdate], into parameters: inout Parameters) {
        let start = parameters.vector
        FedAvg().aggregate(updates, into: &parameters)
        let (beta1, beta2, tau) = (Self.beta1, Self.beta2, Self.tau)
        let shape: Tensor.Shape = [parameters.trainableCount]
        var (first, second) = moments ?? (Tensor(zeros: shape), Tensor(repeating: tau * tau, shape: shape))
        start.withSpan { start in
            first.withMutableSpan { first in
                second.withMutableSpan { second in
                    parameters.vector.withMutableSpan { mean in
                        for index in first.indices {
                            let change = mean[index] - start[index]
                            let square = change * change
                            first[index] = beta1 * first[index] + (1 - beta1) * change
                            switch rule {
                            case .adam: second[index] = beta2 * second[index] + (1 - beta2) * square
                            case .yogi:
                                let sign: Float = second[index] == square ? 0 : second[index] > square ? 1 : -1
                                second[index] -= (1 - beta2) * square * sign
                            }
                            mean[index] =
                                start[index] + learningRate * first[index] / (second[index].squareRoot() + tau)
                        }
                    }
                }
            }
        }
        moments = (first, second)
    }

    /// Both moments.
    public var memory: Safetensors {
        Safetensors(tensors: moments.map { ["first": $0.first, "second": $0.second] } ?? [:])
    }

    /// Continues with saved moments.
    public mutating func restore(_ memory: Safetensors, for parameters: Parameters) throws(WeightsError) {
        let shape: Tensor.Shape = [parameters.trainableCount]
        moments = (try memory.tensor("first", shape: shape), try memory.tensor("second", shape: shape))
    }
}
