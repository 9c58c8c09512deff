import Tensor

/// The term μ/2 ‖θ − θᵗ‖² that FedProx adds to the loss of a client, which keeps it near the global model θᵗ of the round.
///
/// It helps where clients take many steps on different data, and drift apart.
///
/// ```swift
/// let proximal = ProximalTerm(weight: 0.01, around: global)
/// var (loss, gradient) = valueAndGradient(at: &parameters) { tape in … }
/// proximal.add(to: &gradient, at: parameters)
/// ```
///
/// Source: Li et al., "Federated optimization in heterogeneous networks", MLSys 2020, Eq. (2).
public struct ProximalTerm: Sendable {
    /// The weight of the term, μ.
    public let weight: Float
    private let center: Tensor?

    /// Creates the term of one round, around the model from which it starts.
    ///
    /// - Precondition: `weight` is not negative.
    public init(weight: Float, around global: Parameters) {
        precondition(weight >= 0, "a proximal term of weight \(weight)")
        self.weight = weight
        center = weight > 0 ? global.vector : nil
    }

    /// Adds the gradient of the term, μ (θ − θᵗ), to a gradient of shape `[parameters.trainableCount]`.
    public func add(to gradient: inout Tensor, at parameters: Parameters) {
        guard let center else { return }
        precondition(gradient.count == parameters.trainableCount, "a gradient of shape \(gradient.shape)")
        gradient.withMutableSpan { gradient in
            parameters.vector.withSpan { here in
                center.withSpan { center in
                    for index in gradient.indices { gradient[index] += weight * (here[index] - center[index]) }
                }
            }
        }
    }
}
