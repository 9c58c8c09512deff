import Tensor

/// Times the backward pass of `operation` alone, with respect to one operand.
///
/// Operations that only start and stop the stopwatch are recorded on the tape before and after it.
///
/// - Parameters:
///   - operand: The tensor with respect to which the gradient is computed.
///   - upstream: The gradient with respect to the result, in the result's shape.
func measureBackward(
    by operand: Tensor, upstream: Tensor, parameters: Parameters = Parameters(), _ stopwatch: Stopwatch,
    of operation: (Variable) -> Variable
) {
    _ = valueAndGradient(at: [operand], parameters: parameters) { leaves in
        let leaf = leaves[0].id
        let operand = leaves[0].tape.record(leaves[0].value, operands: leaf) { derivative, adjoints in
            stopwatch.stop()
            adjoints.add(derivative, to: leaf)
        }
        let output = operation(operand).id
        return leaves[0].tape.record(Tensor([0]), operands: output) { _, adjoints in
            adjoints.add(upstream, to: output)
            stopwatch.start()
        }
    }
}

/// Times the forward pass of `operation` alone.
func measureForward(
    _ operand: Tensor, parameters: Parameters = Parameters(), _ stopwatch: Stopwatch,
    of operation: (Variable) -> Variable
) {
    _ = evaluate(parameters, normalization: .batchStatistics) { tape in
        let operand = tape.constant(operand)
        var output = operand
        stopwatch.measure { output = operation(operand) }
        return output
    }
}

extension Tensor {
    /// Returns a tensor of uniform random numbers from −1 to 1.
    static func random(_ shape: Shape, seed: UInt64) -> Tensor {
        var generator = SeededGenerator(seed: seed)
        return Tensor((0..<shape.count).map { _ in generator.uniform(in: -1...1) }, shape: shape)
    }
}
