import Tensor

/// Times the backward pass of `operation` alone, by one operand: operations that only start and stop the watch stand
/// before and behind it on the tape.
///
/// - Parameters:
///   - operand: What the derivative is taken by.
///   - upstream: The derivative by the result, of the result's shape.
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
    /// Random numbers from −1 to 1.
    static func random(_ shape: Shape, seed: UInt64) -> Tensor {
        var generator = SeededGenerator(seed: seed)
        return Tensor((0..<shape.count).map { _ in generator.uniform(in: -1...1) }, shape: shape)
    }
}
