import CKernels
import Foundation

/// A type that updates the trainable weights of a model using the gradient of its loss.
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
/// An optimizer is a value: a copy continues independently from the same moments. The first update of a model
/// allocates the moments; later updates allocate nothing, provided that the parameters and the optimizer's state are
/// uniquely referenced.
public protocol Optimizer: Sendable {
    /// The learning rate, which may change between updates.
    var learningRate: Float { get set }

    /// Updates the trainable weights by one step; statistics stay unchanged.
    ///
    /// - Precondition: `gradient` has shape `[parameters.trainableCount]`, the same at every call.
    mutating func update(_ parameters: inout Parameters, along gradient: Tensor)

    /// The state that, in addition to weights, gradient, and settings, determines the next step; saved with a run.
    var state: Safetensors { get }

    /// Continues from a saved state, with results bitwise identical to an uninterrupted run.
    ///
    /// The optimizer changes only if nothing is thrown.
    ///
    /// - Throws: `WeightsError.mismatch` if `state` is not the state of such an optimizer for `parameters`.
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

extension Parameters {
    /// Returns the trainable weights as runs of groups with equal rate factors; 1 for groups that are not listed.
    func segments(with factors: [ParameterGroup: Float]) -> [(Range<Int>, Float)] {
        guard factors.contains(where: { $0.value != 1 }) else { return [(0..<trainableCount, 1)] }
        var segments: [(Range<Int>, Float)] = []
        for slot in slots where slot.role == .trainable {
            let (range, factor) = (slot.position..<slot.position + slot.shape.count, factors[slot.group] ?? 1)
            if let last = segments.last, last.1 == factor, last.0.upperBound == range.lowerBound {
                segments[segments.count - 1].0 = last.0.lowerBound..<range.upperBound
            } else {
                segments.append((range, factor))
            }
        }
        return segments
    }
}

/// A learning rate schedule over the steps of a training run.
///
/// ```swift
/// let schedule = Schedule.warmUp(steps: 100, then: .cosine(from: 1e-3, to: 1e-6, steps: 2_000))
/// optimizer.learningRate = schedule.rate(at: step)
/// ```
public indirect enum Schedule: Hashable, Sendable, Codable {
    /// A constant learning rate.
    case constant(Float)
    /// Cosine decay: `floor + (rate − floor) · (1 + cos(π t / T)) / 2`, and `floor` from step T on.
    ///
    /// Loshchilov and Hutter, "SGDR", ICLR 2017, Eq. (5), without restarts.
    case cosine(from: Float, to: Float, steps: Int)
    /// Polynomial decay: `rate · (1 − t / T)^power`, and 0 from step T on; nnU-Net uses a power of 0.9.
    case polynomial(from: Float, power: Float, steps: Int)
    /// Linear warm-up: `(t + 1) / T` of the initial rate of the schedule that follows.
    ///
    /// Goyal et al., "Accurate, large minibatch SGD", arXiv 1706.02677, section 2.2.
    case warmUp(steps: Int, then: Schedule)

    /// Returns the learning rate of a step, counted from 0.
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

/// Stochastic gradient descent with momentum, as in `torch.optim.SGD`.
///
/// An update is `d = g + λ x`, `v ← μ v + d`, `x ← x − η v`, or, with Nesterov momentum, `x ← x − η (d + μ v)`.
///
/// Sutskever, Martens, Dahl, and Hinton, "On the importance of initialization and momentum in deep learning", ICML
/// 2013,
/// with the learning rate outside the velocity.
public struct SGD: Optimizer {
    /// The learning rate η.
    public var learningRate: Float
    /// The momentum μ: the fraction of the velocity that is kept for the next step.
    public let momentum: Float
    /// The weight decay λ: the multiple of the weights that is added to the gradient.
    public let weightDecay: Float
    /// Whether the gradient is evaluated, to first order, at the point that the velocity leads to.
    public let nesterov: Bool
    /// The factor of the learning rate for the weights of a group; 1 for groups that are not listed. A group with
    /// factor 0 keeps its weights.
    public var rateFactors: [ParameterGroup: Float] = [:]
    private var velocity: Tensor?

    /// Creates an optimizer with zero velocity.
    ///
    /// - Precondition: No number is negative, and momentum is below 1.
    public init(learningRate: Float, momentum: Float = 0, weightDecay: Float = 0, nesterov: Bool = false) {
        precondition(
            learningRate >= 0 && 0 <= momentum && momentum < 1 && weightDecay >= 0,
            "SGD with learning rate \(learningRate), momentum \(momentum) and weight decay \(weightDecay)")
        self.learningRate = learningRate
        self.momentum = momentum
        self.weightDecay = weightDecay
        self.nesterov = nesterov
    }

    /// Updates the trainable weights by one step.
    ///
    /// - Precondition: `gradient` has shape `[parameters.trainableCount]`, the same at every call.
    public mutating func update(_ parameters: inout Parameters, along gradient: Tensor) {
        checkShapes(parameters, gradient, moments: velocity)
        if velocity == nil { velocity = Tensor(zeros: gradient.shape) }
        let (g, v, x) = (gradient.pointer, velocity!.mutablePointer(), parameters.vector.mutablePointer())
        for (segment, factor) in parameters.segments(with: rateFactors) {
            Parallel.forEachRange(of: segment.count, length: Tensor.grain) { part in
                let start = segment.lowerBound + part.lowerBound
                ck_sgd(
                    part.count, factor * learningRate, momentum, weightDecay, nesterov ? 1 : 0, g + start, v + start,
                    x + start)
            }
        }
    }

    /// The velocity; empty before the first step.
    public var state: Safetensors {
        Safetensors(tensors: velocity.map { ["velocity": $0] } ?? [:])
    }

    /// Continues from a saved state.
    ///
    /// - Throws: `WeightsError.mismatch` if `state` is not the state of such an optimizer for `parameters`.
    public mutating func restore(_ state: Safetensors, for parameters: Parameters) throws(WeightsError) {
        velocity =
            state.tensors.isEmpty && state.integers.isEmpty
            ? nil : try state.tensor("velocity", shape: [parameters.trainableCount])
    }
}

/// Scales a gradient down to the Euclidean norm `limit` if its norm is larger, and returns the original norm.
///
/// A gradient that contains an infinity or a NaN is left unchanged; the returned norm is then not finite.
///
/// - Precondition: `limit` is positive.
///
/// Pascanu, Mikolov, and Bengio, "On the difficulty of training recurrent neural networks", ICML 2013, Algorithm 1.
@discardableResult
public func clipNorm(of gradient: inout Tensor, to limit: Float) -> Float {
    precondition(limit > 0, "a gradient cannot be shortened to the norm \(limit)")
    let norm = Float(gradient.norm)
    if norm.isFinite && norm > limit { gradient.scale(by: limit / norm) }
    return norm
}
