import Contrastive
import Features
import Foundation
import Tensor
import _TestSupport

/// What the slow forms of the losses share: matrices as rows in Double, and derivatives by finite differences.
enum LossOracle {
    typealias Matrix = [[Double]]

    static func rows(_ tensor: Tensor) -> Matrix {
        let width = tensor.shape[tensor.shape.rank - 1]
        let elements = tensor.elements.map(Double.init)
        return stride(from: 0, to: elements.count, by: width).map { Array(elements[$0..<$0 + width]) }
    }

    static func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

    static func unit(_ a: [Double]) -> [Double] {
        let norm = dot(a, a).squareRoot()
        return a.map { $0 / norm }
    }

    static func cosine(_ a: [Double], _ b: [Double]) -> Double { dot(unit(a), unit(b)) }

    /// The derivative of `f` by every element of every matrix: in Double, since so small a step would be lost in Float.
    static func gradients(at matrices: [Matrix], step: Double = 1e-5, of f: ([Matrix]) -> Double) -> [[Double]] {
        matrices.indices.map { index in
            matrices[index].indices.flatMap { row in
                matrices[index][row].indices.map { column in
                    var (above, below) = (matrices, matrices)
                    above[index][row][column] += step
                    below[index][row][column] -= step
                    return (f(above) - f(below)) / (2 * step)
                }
            }
        }
    }

    /// Says where a loss or its derivative by one of `inputs` departs from the slow form; `nil` when they agree.
    static func difference(
        at inputs: [Tensor], relative: Double = 1e-4, absolute: Double = 1e-5, oracle: ([Matrix]) -> Double,
        loss: ([Variable]) -> Variable
    ) -> String? {
        let (value, found) = valueAndGradient(at: inputs, of: loss)
        let matrices = inputs.map(rows)
        let expected = oracle(matrices)
        guard abs(Double(value) - expected) <= absolute + relative * abs(expected) else {
            return "the loss is \(value), expected \(expected)"
        }
        for (index, gradient) in gradients(at: matrices, of: oracle).enumerated() {
            if let text = _TestSupport.difference(found[index], gradient, relative: relative, absolute: absolute) {
                return "derivative \(index): \(text)"
            }
        }
        return nil
    }
}

extension FeatureSet {
    /// Random features of unit length, all of partition 0.
    init(random count: Int, dimension: Int, seed: UInt64) {
        self.init(
            features: Tensor(random: [count, dimension], seed: seed).l2Normalized(),
            partitions: Array(repeating: 0, count: count))
    }
}
