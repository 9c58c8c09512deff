/// Returns the loss that a computation produces and its gradient with respect to all trainable parameters.
///
/// The computation receives a tape that reads weights from `parameters` and normalizes with batch statistics.
/// Afterward, `parameters` contains the updated running statistics.
///
/// ```swift
/// let (loss, gradient) = valueAndGradient(at: &parameters) { tape in
///     crossEntropy(network(tape.constant(images)), labels: labels)
/// }
/// optimizer.update(&parameters, along: gradient)
/// ```
///
/// - Parameters:
///   - parameters: The weights; only the running statistics change.
///   - generator: The random number generator for dropout; without one, there is no dropout.
///   - loss: A closure that computes a variable with one element.
/// - Returns: The loss, and its gradient as a vector of `parameters.trainableCount` elements.
public func valueAndGradient(
    at parameters: inout Parameters, generator: SeededGenerator? = nil, of loss: (Tape) throws -> Variable
) rethrows -> (value: Float, gradient: Tensor) {
    let (value, gradient, statistics) = try { () throws -> (Float, Tensor, [(slot: ParameterSlot, value: Tensor)]) in
        let tape = Tape(
            parameters: parameters, normalization: .batchStatistics, generator: generator, records: true)
        defer { tape.clear() }
        let loss = try loss(tape)
        let value = loss.value.pointer[0]
        var adjoints = tape.derivatives(of: loss)
        return (value, adjoints.gradient(of: parameters), tape.statistics)
    }()
    // With the tape released, `parameters` is uniquely referenced and changes in place.
    for (slot, value) in statistics { parameters[slot] = value }
    return (value, gradient)
}

/// Returns the loss computed from several tensors and its gradient with respect to each of them.
public func valueAndGradient(
    at tensors: [Tensor], parameters: Parameters = Parameters(), of loss: ([Variable]) throws -> Variable
) rethrows -> (value: Float, gradients: [Tensor]) {
    let tape = Tape(parameters: parameters, normalization: .batchStatistics, generator: nil, records: true)
    defer { tape.clear() }
    let loss = try loss(tensors.map(tape.leaf))
    let value = loss.value.pointer[0]
    let adjoints = tape.derivatives(of: loss)
    return (value, tensors.indices.map { adjoints.derivative(byLeaf: $0, shape: tensors[$0].shape) })
}

/// Returns the result of a computation without a gradient: nothing is recorded, and memory is released along the way.
///
/// - Parameters:
///   - parameters: The weights that layers read.
///   - normalization: The statistics that batch norms use; the running statistics by default.
///   - body: A closure that computes on a tape that reads the weights.
public func evaluate(
    _ parameters: Parameters, normalization: Tape.Normalization = .runningStatistics,
    _ body: (Tape) throws -> Variable
) rethrows -> Tensor {
    let tape = Tape(parameters: parameters, normalization: normalization, generator: nil, records: false)
    return try body(tape).value
}
