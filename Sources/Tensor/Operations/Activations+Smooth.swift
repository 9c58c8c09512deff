import Foundation

// Activations without kinks. They call the C library for each element, which is exact but slower than `relu`.

/// Returns the logistic sigmoid, σ(x) = 1 / (1 + exp −x).
public func sigmoid(_ x: Variable) -> Variable {
    activation(x, logistic, derivative: { _, y in y * (1 - y) })
}

/// Returns the hyperbolic tangent.
public func tanh(_ x: Variable) -> Variable {
    activation(x, { Foundation.tanh($0) }, derivative: { _, y in 1 - y * y })
}

/// Returns the Gaussian error linear unit, x · Φ(x), where Φ is the cumulative distribution of the standard normal
/// distribution; not the approximation by tanh.
///
/// Hendrycks and Gimpel, arXiv 1606.08415.
public func gelu(_ x: Variable) -> Variable {
    func distribution(_ x: Float) -> Float { 0.5 * erfc(-x * Float(0.5).squareRoot()) }
    func density(_ x: Float) -> Float { Foundation.exp(-0.5 * x * x) / (2 * Float.pi).squareRoot() }
    return activation(x, { $0 * distribution($0) }, derivative: { x, _ in distribution(x) + x * density(x) })
}

/// Returns the sigmoid linear unit, x · σ(x), also known as swish.
///
/// Elfwing, Uchibe, and Doya, Neural Networks 107:3–11, 2018.
public func silu(_ x: Variable) -> Variable {
    func slope(_ x: Float) -> Float { logistic(x) * (1 + x * (1 - logistic(x))) }
    return activation(x, { $0 * logistic($0) }, derivative: { x, _ in slope(x) })
}

private func logistic(_ x: Float) -> Float { 1 / (1 + Foundation.exp(-x)) }

/// Applies a function to every element; `derivative` receives the element and its result.
private func activation(
    _ x: Variable, _ function: (Float) -> Float, derivative: @escaping (Float, Float) -> Float
) -> Variable {
    let input = x.value
    var y = Tensor(uninitialized: input.shape)
    let (source, target) = (input.pointer, y.mutablePointer())
    Parallel.forEachRange(of: y.count, length: Tensor.grain) { range in
        for i in range { target[i] = function(source[i]) }
    }
    return x.tape.record(y, operands: x.id) { [id = x.id] upstream, adjoints in
        let memory = upstream.mutablePointer()
        Parallel.forEachRange(of: y.count, length: Tensor.grain) { range in
            for i in range { memory[i] *= derivative(input.pointer[i], y.pointer[i]) }
        }
        adjoints.add(upstream, to: id)
    }
}
