import Tensor

/// How far the derivative of an operation is from finite differences: the largest error over all inputs, relative to
/// the size of the derivative.
///
/// The result is weighted with random numbers and summed in Double (summed in Float, the differences are off by several
/// per cent). Each input is moved by itself in a random direction by `± step`; with a step of 0.02 both the rounding and
/// the curvature of ordinary functions stay below one in a thousand.
///
/// - Parameters:
///   - inputs: Where to take the derivative, away from any kink.
///   - parameters: What the tape's slots refer to.
///   - seed: Determines weights and directions.
///   - f: The operation.
public func gradientError(
    at inputs: [Tensor], parameters: Parameters = Parameters(), seed: UInt64 = 1, step: Float = 0.02,
    of f: ([Variable]) -> Variable
) -> Double {
    var weights: Tensor?
    func weigh(_ y: Variable) -> Variable {
        weights = weights ?? Tensor(random: y.shape, seed: seed &+ 1_000)
        return sum(y * y.tape.constant(weights!))
    }
    let (_, gradients) = valueAndGradient(at: inputs, parameters: parameters) { weigh(f($0)) }

    func value(at inputs: [Tensor]) -> Double {
        var value = 0.0
        _ = valueAndGradient(at: inputs, parameters: parameters) { inputs in
            let y = f(inputs)
            value = zip(y.value.elements, weights!.elements).reduce(0) { $0 + Double($1.0) * Double($1.1) }
            return sum(y)
        }
        return value
    }
    var largest = 0.0
    for index in inputs.indices {
        let direction = Tensor(random: inputs[index].shape, seed: seed &+ UInt64(index) &+ 100)
        var (ahead, behind) = (inputs, inputs)
        ahead[index].add(direction, scaledBy: step)
        behind[index].add(direction, scaledBy: -step)
        let difference = (value(at: ahead) - value(at: behind)) / (2 * Double(step))
        let derivative = gradients[index].dot(direction)
        largest = max(largest, abs(difference - derivative) / max(gradients[index].norm, 1e-6))
    }
    return largest
}

/// How far the derivative of a linear operation is from its adjoint: `⟨A x, y⟩ = ⟨x, Aᵀ y⟩`, relative to `|A x| |y|`.
public func adjointError(
    at inputs: [Tensor], by index: Int = 0, seed: UInt64 = 1, of f: ([Variable]) -> Variable
) -> Double {
    var (result, weights) = (Tensor([]), Tensor([]))
    let (_, gradients) = valueAndGradient(at: inputs) { inputs in
        let y = f(inputs)
        (result, weights) = (y.value, Tensor(random: y.shape, seed: seed &+ 1_000))
        return sum(y * y.tape.constant(weights))
    }
    let (left, right) = (result.dot(weights), inputs[index].dot(gradients[index]))
    return abs(left - right) / max(result.norm * weights.norm, 1e-12)
}
