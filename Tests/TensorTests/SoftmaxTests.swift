import Foundation
import Testing
import _TestSupport

@testable import Tensor

@Suite struct SoftmaxTests {
    static func reference(_ x: Tensor) -> [Double] {
        let columns = x.shape.last
        return stride(from: 0, to: x.count, by: columns).flatMap { start in
            let row = x.elements[start..<start + columns].map(Double.init)
            let largest = row.max()!
            let total = row.reduce(0) { $0 + Foundation.exp($1 - largest) }
            return row.map { Foundation.exp($0 - largest) / total }
        }
    }

    @Test(arguments: [[1, 1], [3, 4], [2, 3, 17], [5, 100], [40_000, 2]] as [Tensor.Shape])
    func agreesWithTheDefinition(_ shape: Tensor.Shape) {
        let x = Tensor(random: shape, seed: 1, standardDeviation: 5)
        let expected = Self.reference(x)
        let y = evaluate(Parameters()) { softmax($0.constant(x)) }
        #expect(difference(y, expected, relative: 2e-6, absolute: 1e-9) == nil)
        let logarithm = evaluate(Parameters()) { logSoftmax($0.constant(x)) }
        #expect(difference(logarithm, expected.map { Foundation.log($0) }, relative: 1e-6, absolute: 2e-6) == nil)
    }

    @Test func survivesLargeScores() {
        let x = Tensor([1_000, 999, -1_000, -1_000, -1_000, -1_000], shape: [2, 3])
        let y = evaluate(Parameters()) { softmax($0.constant(x)) }
        let e = Foundation.exp(1.0)
        let third = 1 / 3.0
        #expect(difference(y, [e / (1 + e), 1 / (1 + e), 0, third, third, third]) == nil)
        #expect(evaluate(Parameters()) { logSoftmax($0.constant(x)) }.isFinite)
    }

    @Test func hasTheDerivativeOfFiniteDifferences() {
        let x = Tensor(random: [3, 5], seed: 1)
        #expect(gradientError(at: [x]) { softmax($0[0]) } < 1e-3)
        #expect(gradientError(at: [x]) { logSoftmax($0[0]) } < 1e-3)
    }
}
