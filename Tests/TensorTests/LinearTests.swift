import Testing
import _TestSupport

@testable import Tensor

@Suite struct LinearTests {
    private static func product(_ a: Tensor, _ b: Tensor, _ transposed: Bool, _ otherTransposed: Bool) -> [Double] {
        let (m, k) = transposed ? (a.shape[1], a.shape[0]) : (a.shape[0], a.shape[1])
        let n = b.shape[otherTransposed ? 0 : 1]
        let (x, y) = (a.elements.map(Double.init), b.elements.map(Double.init))
        var result = Array(repeating: 0.0, count: m * n)
        for i in 0..<m {
            for j in 0..<n {
                for l in 0..<k {
                    result[i * n + j] +=
                        x[transposed ? l * m + i : i * k + l] * y[otherTransposed ? j * k + l : l * n + j]
                }
            }
        }
        return result
    }

    @Test(arguments: [(1, 1, 1), (3, 4, 5), (17, 1, 2), (1, 9, 1), (300, 2, 3)])
    func multipliesMatrices(_ m: Int, _ n: Int, _ k: Int) {
        for (transposed, otherTransposed) in [(false, false), (false, true), (true, false), (true, true)] {
            let a = Tensor(random: transposed ? [k, m] : [m, k], seed: 1)
            let b = Tensor(random: otherTransposed ? [n, k] : [k, n], seed: 2)
            let expected = Self.product(a, b, transposed, otherTransposed)
            let value = a.matrixProduct(b, transposed: transposed, otherTransposed: otherTransposed)
            #expect(value.shape == [m, n])
            #expect(difference(value, expected) == nil)
            let weights = Tensor(random: [m, n], seed: 3)
            let (_, gradients) = valueAndGradient(at: [a, b]) { v in
                let y = matrixProduct(v[0], v[1], transposed: transposed, otherTransposed: otherTransposed)
                return sum(y * y.tape.constant(weights))
            }
            // dA = W Bᵀ and dB = Aᵀ W, transposed where the operand is.
            let byA =
                transposed
                ? Self.product(b, weights, otherTransposed, true) : Self.product(weights, b, false, !otherTransposed)
            let byB =
                otherTransposed
                ? Self.product(weights, a, true, transposed) : Self.product(a, weights, !transposed, false)
            #expect(difference(gradients[0], byA, absolute: 1e-5) == nil)
            #expect(difference(gradients[1], byB, absolute: 1e-5) == nil)
        }
    }

    @Test func aProductOfAMatrixWithItselfHasBothDerivatives() {
        let a = Tensor(random: [4, 4], seed: 1)
        #expect(gradientError(at: [a]) { matrixProduct($0[0], $0[0], otherTransposed: true) } < 1e-3)
        #expect(gradientError(at: [a]) { matrixProduct($0[0], $0[0]) } < 1e-3)
    }

    @Test func mapsRows() {
        var builder = ParameterBuilder(generator: SeededGenerator(seed: 1))
        let layer = Linear(inputs: 3, outputs: 2, name: "head", in: &builder)
        var parameters = builder.parameters()
        #expect(parameters.slots.map(\.name) == ["head.weight", "head.bias"])
        let x = Tensor(random: [5, 3], seed: 1)
        let (_, gradient) = valueAndGradient(at: &parameters) { tape in sum(layer(tape.constant(x))) }
        let y = evaluate(parameters) { layer($0.constant(x)) }
        let (weight, bias) = (parameters[layer.weight], parameters[layer.bias])
        let product = Self.product(x, weight, false, false)
        #expect(difference(y, product.enumerated().map { $1 + Double(bias[$0 % 2]) }) == nil)
        #expect(gradient.rows(6..<8).elements == [5, 5])
        #expect(gradientError(at: [x, weight, bias]) { linear($0[0], weight: $0[1], bias: $0[2]) } < 1e-3)
    }

    @Test func refusesMatricesThatDoNotFit() async {
        await #expect(processExitsWith: .failure) { _ = Tensor(zeros: [2, 3]).matrixProduct(Tensor(zeros: [2, 3])) }
        await #expect(processExitsWith: .failure) { _ = Tensor(zeros: [2]).matrixProduct(Tensor(zeros: [2, 3])) }
    }
}
