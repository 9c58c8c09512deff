import Testing
import _TestSupport

@testable import Tensor

@Suite struct PoolingTests {
    static let geometries = [
        WindowCase([1, 2, 2, 1], kernel: (2, 2), stride: 2),
        WindowCase([2, 6, 4, 3], kernel: (2, 2), stride: 2),
        WindowCase([1, 7, 5, 17], kernel: (2, 2), stride: 2),
        WindowCase([1, 7, 6, 2], kernel: (3, 3), stride: 2),
        WindowCase([1, 5, 5, 2], kernel: (3, 3), stride: 1),
        WindowCase([1, 5, 7, 2], kernel: (2, 2), stride: 3),
        WindowCase([2, 4, 4, 1], kernel: (1, 1), stride: 1),
    ]

    private func run(
        _ x: Tensor, uses: Int = 1, _ pool: (Variable) -> Variable
    ) -> (y: Tensor, upstream: Tensor, gradient: Tensor) {
        var (y, upstream) = (Tensor([]), Tensor([]))
        let (_, gradients) = valueAndGradient(at: [x]) { v in
            let results = (0..<uses).map { _ in pool(v[0]) }
            (y, upstream) = (results[0].value, Tensor(random: results[0].shape, seed: 3))
            return results.dropFirst().reduce(sum(results[0] * v[0].tape.constant(upstream))) {
                $0 + sum($1 * v[0].tape.constant(upstream))
            }
        }
        return (y, upstream, gradients[0])
    }

    @Test(arguments: geometries)
    func takesTheLargest(_ geometry: WindowCase) {
        // Few distinct values, so that many windows have several largest ones.
        var x = Tensor(random: Tensor.Shape(geometry.input), seed: 1, standardDeviation: 2)
        x.withMutableElements { for i in $0.indices { $0[i] = $0[i].rounded() } }
        let (y, upstream, gradient) = run(x) { maxPool($0, size: geometry.kernel.0, stride: geometry.stride) }
        let expected = Oracle.maxPool(Oracle(x), upstream: Oracle(upstream), geometry)
        #expect(difference(y, expected.result, absolute: 0) == nil)
        #expect(difference(gradient, expected.byInput) == nil)
        let twice = run(x, uses: 2) { maxPool($0, size: geometry.kernel.0, stride: geometry.stride) }.gradient
        #expect(difference(twice, expected.byInput.elements.map { 2 * $0 }) == nil)
    }

    @Test(arguments: geometries)
    func takesTheMean(_ geometry: WindowCase) {
        let x = Tensor(random: Tensor.Shape(geometry.input), seed: 1)
        let (y, upstream, gradient) = run(x) { averagePool($0, size: geometry.kernel.0, stride: geometry.stride) }
        let expected = Oracle.averagePool(Oracle(x), upstream: Oracle(upstream), geometry)
        #expect(difference(y, expected.result) == nil)
        #expect(difference(gradient, expected.byInput) == nil)
        let twice = run(x, uses: 2) { averagePool($0, size: geometry.kernel.0, stride: geometry.stride) }.gradient
        #expect(difference(twice, expected.byInput.elements.map { 2 * $0 }) == nil)
    }

    @Test func passesOnWhatIsNotANumber() {
        let x = Tensor([1, .nan, 3, 4, -5, -6, -.infinity, -8], shape: [1, 2, 4, 1])
        let y = evaluate(Parameters()) { maxPool($0.constant(x)) }
        #expect(y[0, 0, 0, 0].isNaN && y[0, 0, 1, 0] == 4)
    }

    @Test func poolsWholeImages() {
        let x = Tensor(random: [3, 5, 4, 18], seed: 1)
        let (y, upstream, gradient) = run(x) { globalAveragePool($0) }
        for n in 0..<3 {
            for c in 0..<18 {
                var total = 0.0
                for i in 0..<5 { for j in 0..<4 { total += Double(x[n, i, j, c]) } }
                #expect(abs(Double(y[n, c]) - total / 20) < 1e-6)
                #expect(abs(gradient[n, 4, 3, c] - upstream[n, c] / 20) < 1e-7)
            }
        }
        let twice = run(x, uses: 2) { globalAveragePool($0) }.gradient
        #expect(difference(twice, gradient.elements.map { 2 * Double($0) }) == nil)
    }
}
