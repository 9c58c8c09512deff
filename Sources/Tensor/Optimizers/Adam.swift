import CKernels

/// The Adam optimizer, whose steps are about the learning rate for every weight, regardless of the scale of its
/// gradient.
///
/// An update is `m ← β₁ m + (1 − β₁) g`, `v ← β₂ v + (1 − β₂) g²`, `x ← x − η m̂ / (√v̂ + ε)`, where
/// `m̂ = m / (1 − β₁ᵗ)` and `v̂ = v / (1 − β₂ᵗ)` correct for the moments' initialization at zero.
///
/// Weight decay is added to the gradient, as in `torch.optim.Adam`, or applied to the weights separately from the
/// step, as in `torch.optim.AdamW`.
///
/// Kingma and Ba, ICLR 2015, Algorithm 1; Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019,
/// Algorithm 2.
public struct Adam: Optimizer {
    /// The learning rate η.
    public var learningRate: Float
    /// The decay rate β₁ of the first moment.
    public let beta1: Float
    /// The decay rate β₂ of the second moment.
    public let beta2: Float
    /// The constant ε that keeps the denominator above zero.
    public let epsilon: Float
    /// The weight decay.
    public let weightDecay: Float
    /// Whether weight decay bypasses the moments (AdamW).
    public let isDecoupled: Bool
    /// The fraction of the step by which the weights of a group move; 1 for groups that are not listed.
    ///
    /// Adam's step is proportional to its learning rate, so this acts as a learning rate per group. A group with
    /// factor 0 keeps its weights.
    public var rateFactors: [ParameterGroup: Float] = [:]
    /// The number of updates so far.
    public private(set) var step = 0
    private var moments: (first: Tensor, second: Tensor)?

    /// Creates an optimizer before its first step.
    ///
    /// - Precondition: No number is negative, and both β are below 1.
    public init(
        learningRate: Float = 1e-3, beta1: Float = 0.9, beta2: Float = 0.999, epsilon: Float = 1e-8,
        weightDecay: Float = 0, isDecoupled: Bool = false
    ) {
        precondition(
            learningRate >= 0 && 0 <= beta1 && beta1 < 1 && 0 <= beta2 && beta2 < 1 && epsilon >= 0 && weightDecay >= 0,
            "Adam with learning rate \(learningRate), betas \(beta1) and \(beta2), epsilon \(epsilon) and weight decay "
                + "\(weightDecay)")
        self.learningRate = learningRate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weightDecay = weightDecay
        self.isDecoupled = isDecoupled
    }

    /// Updates the trainable weights by one step.
    ///
    /// - Precondition: `gradient` has shape `[parameters.trainableCount]`, the same at every call.
    public mutating func update(_ parameters: inout Parameters, along gradient: Tensor) {
        checkShapes(parameters, gradient, moments: moments?.first)
        if moments == nil { moments = (Tensor(zeros: gradient.shape), Tensor(zeros: gradient.shape)) }
        step += 1
        let (correction1, correction2) = (correction(beta1), correction(beta2))
        let (decay, decoupled) = isDecoupled ? (0, weightDecay) : (weightDecay, 0)
        let (m, v) = (moments!.first.mutablePointer(), moments!.second.mutablePointer())
        let (g, x) = (gradient.pointer, parameters.vector.mutablePointer())
        func move(_ range: Range<Int>, _ x: UnsafeMutablePointer<Float>) {
            let start = range.lowerBound
            ck_adam(
                range.count, learningRate, beta1, beta2, epsilon, correction1, correction2, decay, decoupled,
                g + start, m + start, v + start, x)
        }
        for (segment, factor) in parameters.segments(with: rateFactors) {
            Parallel.forEachRange(of: segment.count, length: factor == 1 ? Tensor.grain : 4096) { part in
                let range = segment.lowerBound + part.lowerBound..<segment.lowerBound + part.upperBound
                if factor == 1 { return move(range, x + range.lowerBound) }
                // Take the whole step in a copy, then move a fraction of the way there.
                withUnsafeTemporaryAllocation(of: Float.self, capacity: range.count) { moved in
                    let moved = moved.baseAddress!
                    moved.update(from: x + range.lowerBound, count: range.count)
                    move(range, moved)
                    if factor > 0 { ck_interpolate(range.count, factor, moved, x + range.lowerBound) }
                }
            }
        }
    }

    /// Returns 1 − βᵗ. A repeated product in Double is bitwise identical on every machine, which `pow` does not
    /// guarantee.
    private func correction(_ beta: Float) -> Float {
        var (power, square, exponent) = (1.0, Double(beta), step)
        while exponent > 0 {
            if exponent & 1 == 1 { power *= square }
            square *= square
            exponent >>= 1
        }
        return Float(1 - power)
    }

    /// Both moments and the number of steps; before the first step, only the number of steps.
    public var state: Safetensors {
        Safetensors(
            tensors: moments.map { ["first": $0.first, "second": $0.second] } ?? [:], integers: ["step": .init(step)])
    }

    /// Continues from a saved state.
    ///
    /// - Throws: `WeightsError.mismatch` if `state` is not the state of such an optimizer for `parameters`.
    public mutating func restore(_ state: Safetensors, for parameters: Parameters) throws(WeightsError) {
        let step = try state.integer("step")
        guard step >= 0 else {
            throw .mismatch(
                file: state.source, tensor: "step", field: "value", expected: "0 or more", found: "\(step)")
        }
        let shape: Tensor.Shape = [parameters.trainableCount]
        moments =
            step == 0 ? nil : (try state.tensor("first", shape: shape), try state.tensor("second", shape: shape))
        self.step = step
    }
}
