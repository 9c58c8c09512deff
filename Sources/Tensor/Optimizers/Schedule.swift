import Foundation

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
