import Tensor

/// Federated averaging with momentum at the server: `v ← β v + Δ`, `θ ← θ + η v`, where Δ is the change of the weights
/// that ``FedAvg`` would make.
///
/// Statistics are averaged without momentum.
///
/// Source: Hsu et al., "Measuring the effects of non-identical data distribution for federated visual classification",
/// arXiv 1909.06335, section 4.
public struct FedAvgM: Aggregator {
    /// The fraction of the velocity kept per round, β.
    public let momentum: Float
    /// The server's learning rate, η.
    public let learningRate: Float
    private var velocity: Tensor?

    /// Creates an aggregator at rest.
    ///
    /// - Precondition: `0 ≤ momentum < 1`, and `learningRate > 0`.
    public init(momentum: Float = 0.9, learningRate: Float = 1) {
        precondition((0..<1).contains(momentum) && learningRate > 0, "momentum \(momentum), rate \(learningRate)")
        (self.momentum, self.learningRate) = (momentum, learningRate)
    }

    /// Moves the weights of `parameters` by the velocity, and replaces its statistics with the mean of the updates.
    public mutating func aggregate(_ updates: [LocalUpdate], into parameters: inout Parameters) {
        let start = parameters.vector
        FedAvg().aggregate(updates, into: &parameters)
        var velocity = velocity ?? Tensor(zeros: [parameters.trainableCount])
        start.withSpan { start in
            velocity.withMutableSpan { velocity in
                parameters.vector.withMutableSpan { mean in
                    for index in velocity.indices {
                        velocity[index] = momentum * velocity[index] + (mean[index] - start[index])
                        mean[index] = start[index] + learningRate * velocity[index]
                    }
                }
            }
        }
        self.velocity = velocity
    }

    /// The velocity.
    public var memory: Safetensors { Safetensors(tensors: velocity.map { ["velocity": $0] } ?? [:]) }

    /// Continues with a saved velocity.
    public mutating func restore(_ memory: Safetensors, for parameters: Parameters) throws(WeightsError) {
        velocity = try memory.tensor("velocity", shape: [parameters.trainableCount])
    }
}
