import CKernels

/// Stochastic gradient descent with momentum, as `torch.optim.SGD` computes it:
/// `d = g + λ x`, `v ← μ v + d`, `x ← x − η v`, or with Nesterov's momentum `x ← x − η (d + μ v)`.
///
/// Sutskever, Martens, Dahl and Hinton, "On the importance of initialization and momentum in deep learning", ICML 2013,
/// with the learning rate outside the velocity.
public struct SGD: Optimizer {
    /// The size η of a step.
    public var learningRate: Float
    /// The share μ of the velocity that lasts to the next step.
    public let momentum: Float
    /// The factor λ of the weights that is added to the gradient.
    public let weightDecay: Float
    /// Whether the gradient is taken, to first order, where the velocity leads to.
    public let nesterov: Bool
    private var velocity: Tensor?

    /// An optimizer at rest.
    ///
    /// - Precondition: no number is negative, and momentum is below 1.
    public init(learningRate: Float, momentum: Float = 0, weightDecay: Float = 0, nesterov: Bool = false) {
        precondition(
            learningRate >= 0 && 0 <= momentum && momentum < 1 && weightDecay >= 0,
            "SGD with learning rate \(learningRate), momentum \(momentum) and weight decay \(weightDecay)")
        self.learningRate = learningRate
        self.momentum = momentum
        self.weightDecay = weightDecay
        self.nesterov = nesterov
    }

    /// Moves the trainable weights one step.
    ///
    /// - Precondition: `gradient` has shape `[parameters.trainableCount]`, the same at every call.
    public mutating func update(_ parameters: inout Parameters, along gradient: Tensor) {
        checkShapes(parameters, gradient, moments: velocity)
        if velocity == nil { velocity = Tensor(zeros: gradient.shape) }
        let (g, v, x) = (gradient.pointer, velocity!.mutablePointer(), parameters.vector.mutablePointer())
        Parallel.forEachRange(of: gradient.count, length: Tensor.grain) { range in
            let start = range.lowerBound
            ck_sgd(range.count, learningRate, momentum, weightDecay, nesterov ? 1 : 0, g + start, v + start, x + start)
        }
    }

    /// The velocity; empty before the first step.
    public var state: Safetensors {
        Safetensors(tensors: velocity.map { ["velocity": $0] } ?? [:])
    }

    /// Goes on from a saved state.
    ///
    /// - Throws: `WeightsError.mismatch` if `state` is not that of such an optimizer for `parameters`.
    public mutating func restore(_ state: Safetensors, for parameters: Parameters) throws(WeightsError) {
        velocity =
            state.tensors.isEmpty && state.integers.isEmpty
            ? nil : try state.tensor("velocity", shape: [parameters.trainableCount])
    }
}
