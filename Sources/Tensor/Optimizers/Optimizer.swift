import CKernels
import Foundation

/// Changes the trainable weights of a model along the gradient of its loss.
///
/// ```swift
/// var optimizer = Adam(learningRate: 1e-3)
/// for step in 0..<steps {
///     let (loss, gradient) = valueAndGradient(at: &parameters) { tape in … }
///     optimizer.learningRate = schedule.rate(at: step)
///     optimizer.update(&parameters, along: gradient)
/// }
/// ```
///
/// An optimizer is a value: a copy goes on by itself, from the same moments. The first update of a model makes room for
/// the moments; later ones allocate nothing, as long as nobody else holds the parameters or the optimizer's state.
public protocol Optimizer: Sendable {
    /// The size of a step; it may change between updates.
    var learningRate: Float { get set }

    /// Moves the trainable weights one step; statistics stay as they are.
    ///
    /// - Precondition: `gradient` has shape `[parameters.trainableCount]`, the same at every call.
    mutating func update(_ parameters: inout Parameters, along gradient: Tensor)

    /// What the next step depends on besides weights, gradient and settings, to be saved with a run.
    var state: Safetensors { get }

    /// Goes on from a saved state, bit for bit as if there had been no interruption.
    ///
    /// The optimizer changes only if nothing is thrown.
    ///
    /// - Throws: `WeightsError.mismatch` if `state` is not that of such an optimizer for `parameters`.
    mutating func restore(_ state: Safetensors, for parameters: Parameters) throws(WeightsError)
}

extension Optimizer {
    func checkShapes(_ parameters: Parameters, _ gradient: Tensor, moments: Tensor?) {
        let shape: Tensor.Shape = [parameters.trainableCount]
        precondition(gradient.shape == shape, "a gradient of shape \(gradient.shape) for parameters \(shape)")
        precondition(
            moments == nil || moments!.shape == shape,
            "an optimizer of \(moments!.count) parameters cannot change \(shape[0])")
    }
}

/// How the learning rate changes over the steps of a training.
///
/// ```swift
/// let schedule = Schedule.warmUp(steps: 100, then: .cosine(from: 1e-3, to: 1e-6, steps: 2_000))
/// optimizer.learningRate = schedule.rate(at: step)
/// ```
public indirect enum Schedule: Hashable, Sendable, Codable {
    /// Always the same.
    case constant(Float)
    /// Half a wave down: `floor + (rate − floor) · (1 + cos(π t / T)) / 2`, and `floor` from step T on.
    ///
    /// Loshchilov and Hutter, "SGDR", ICLR 2017, Eq. (5), without restarts.
    case cosine(from: Float, to: Float, steps: Int)
    /// `rate · (1 − t / T)^power`, and 0 from step T on; nnU-Net takes 0.9.
    case polynomial(from: Float, power: Float, steps: Int)
    /// A straight rise, `(t + 1) / T` of the first rate of the schedule that follows.
    ///
    /// Goyal et al., "Accurate, large minibatch SGD", arXiv 1706.02677, section 2.2.
    case warmUp(steps: Int, then: Schedule)

    /// The learning rate of a step, the first of which is 0.
    ///
    /// - Precondition: `step` is not negative.
    public func rate(at step: Int) -> Float {
        precondition(step >= 0, "the learning rate of step \(step)")
        switch self {
        case .constant(let rate):
            return rate
        case .cosine(let rate, let floor, let steps):
            guard step < steps else { return floor }
            let progress = Double(step) / Double(steps)
            return floor + (rate - floor) * Float(0.5 * (1 + cos(.pi * progress)))
        case .polynomial(let rate, let power, let steps):
            guard step < steps else { return 0 }
            return rate * Float(pow(1 - Double(step) / Double(steps), Double(power)))
        case .warmUp(let steps, let next):
            guard step < steps else { return next.rate(at: step - steps) }
            return next.rate(at: 0) * Float(Double(step + 1) / Double(steps))
        }
    }
}

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

/// Shortens a gradient to the Euclidean norm `limit` if it is longer, and returns the norm that it had.
///
/// A gradient with an infinity or a NaN is left as it is; the norm that is returned tells.
///
/// - Precondition: `limit` is positive.
///
/// Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks", ICML 2013, Algorithm 1.
@discardableResult
public func clipNorm(of gradient: inout Tensor, to limit: Float) -> Float {
    precondition(limit > 0, "a gradient cannot be shortened to the norm \(limit)")
    let norm = Float(gradient.norm)
    if norm.isFinite && norm > limit { gradient.scale(by: limit / norm) }
    return norm
}
