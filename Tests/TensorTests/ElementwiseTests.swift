import Foundation
import Testing
import _TestSupport

@testable import Tensor

/// Operations that treat each element by itself, and sums.
@Suite struct ElementwiseTests {
    private let a = Tensor(random: [3, 7], seed: 1)
    /// Away from zero, where quotients and logarithms are smooth.
    private let positive: Tensor = {
        var x = Tensor(random: [3, 7], seed: 2)
        x.withMutableElements { for i in $0.indices { $0[i] = 1 + abs($0[i]) } }
        return x
    }()

    private func value(_ x: [Tensor], _ f: ([Variable]) -> Variable) -> Tensor {
        evaluate(Parameters()) { tape in f(x.map(tape.constant)) }
    }

    @Test func computes() {
        let pairs = zip(a.elements, positive.elements).map { (Double($0), Double($1)) }
        let inputs = [a, positive]
        #expect(difference(value(inputs) { $0[0] + $0[1] }, pairs.map { $0 + $1 }) == nil)
        #expect(difference(value(inputs) { $0[0] - $0[1] }, pairs.map { $0 - $1 }) == nil)
        #expect(difference(value(inputs) { $0[0] * $0[1] }, pairs.map { $0 * $1 }) == nil)
        #expect(difference(value(inputs) { $0[0] / $0[1] }, pairs.map { $0 / $1 }) == nil)
        #expect(difference(value(inputs) { -$0[0] * 3 / 2 + 1 - 4 }, pairs.map { -$0.0 * 1.5 - 3 }) == nil)
        #expect(difference(value(inputs) { 2 * $0[0] }, pairs.map { $0.0 * 2 }) == nil)
        #expect(difference(value(inputs) { exp($0[0]) }, pairs.map { Foundation.exp($0.0) }) == nil)
        #expect(difference(value(inputs) { log($0[1]) }, pairs.map { Foundation.log($0.1) }) == nil)
        #expect(difference(value(inputs) { sqrt($0[1]) }, pairs.map { $0.1.squareRoot() }) == nil)
        #expect(difference(value(inputs) { relu($0[0]) }, pairs.map { max(0, $0.0) }) == nil)
        #expect(difference(value(inputs) { relu($0[0], slope: 0.1) }, pairs.map { max(0.1 * $0.0, $0.0) }) == nil)
        let total = pairs.reduce(0) { $0 + $1.0 }
        #expect(difference(value(inputs) { sum($0[0]) }, [total]) == nil)
        #expect(difference(value(inputs) { mean($0[0]) }, [total / 21]) == nil)
        #expect(value(inputs) { sum($0[0]) }.shape == [])
    }

    @Test func haveTheDerivativesOfFiniteDifferences() {
        let inputs = [a, positive]
        let functions: [([Variable]) -> Variable] = [
            { $0[0] + $0[1] }, { $0[0] - $0[1] }, { $0[0] * $0[1] }, { $0[0] / $0[1] }, { -$0[0] * 3 / 2 + 1 - 4 },
            { 2 * $0[0] * $0[0] }, { exp($0[0]) }, { log($0[1]) }, { sqrt($0[1]) }, { sum($0[0] * $0[1]) },
            { mean($0[0]) }, { exp($0[0]) * $0[0] + log($0[1]) / $0[0] },
        ]
        for (index, function) in functions.enumerated() {
            let away = index == 11 ? [positive, positive] : inputs
            #expect(gradientError(at: away, step: 0.01, of: function) < 1e-3, "function \(index)")
        }
    }

    @Test(arguments: [0, 0.1] as [Float])
    func theRectifierPassesWhatIsPositive(slope: Float) {
        let x = Tensor([-2, -0.5, 0, 0.5, 2, -0.0])
        let (_, gradients) = valueAndGradient(at: [x]) { sum(relu($0[0], slope: slope) * 2) }
        #expect(gradients[0].elements == [2 * slope, 2 * slope, 2 * slope, 2, 2, 2 * slope])
        let (_, twice) = valueAndGradient(at: [x]) { sum(relu($0[0], slope: slope) + relu($0[0], slope: slope)) }
        #expect(twice[0].elements == gradients[0].elements)
    }

    @Test func worksOnMoreThanOnePiece() {
        let count = Tensor.grain + 3
        let x = Tensor((0..<count).map { Float($0 % 7) - 3 }, shape: [count])
        let (_, gradients) = valueAndGradient(at: [x]) { sum(relu($0[0] * $0[0]) - $0[0]) }
        for i in [0, Tensor.grain - 1, Tensor.grain, count - 1] { #expect(gradients[0][i] == 2 * x[i] - 1) }
    }

    @Test func refusesShapesThatDiffer() async {
        await #expect(processExitsWith: .failure) {
            _ = valueAndGradient(at: [Tensor([1, 2]), Tensor([1, 2, 3])]) { sum($0[0] + $0[1]) }
        }
    }
}
