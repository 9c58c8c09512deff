import Testing
import _TestSupport

@testable import Tensor

@Suite struct ConvolutionTests {
    static let geometries = [
        WindowCase([1, 1, 1, 1], kernel: (1, 1)),
        WindowCase([2, 5, 7, 3], kernel: (1, 1), outputs: 4),
        WindowCase([1, 5, 4, 3], kernel: (1, 1), outputs: 2, stride: 2),
        WindowCase([1, 3, 4, 2], kernel: (1, 1), outputs: 2, padding: 1),
        WindowCase([2, 5, 7, 3], kernel: (3, 3), outputs: 4, padding: 1),
        WindowCase([1, 9, 6, 17], kernel: (3, 3), outputs: 19, padding: 1),
        WindowCase([1, 13, 11, 8], kernel: (3, 3), outputs: 8, padding: 1),
        WindowCase([1, 4, 6, 2], kernel: (3, 3), outputs: 5, stride: 2, padding: 1),
        WindowCase([1, 7, 7, 1], kernel: (3, 3), outputs: 2),
        WindowCase([2, 7, 5, 3], kernel: (2, 3), outputs: 2, stride: 2),
        WindowCase([1, 3, 2, 2], kernel: (5, 5), outputs: 3, padding: 2),
        WindowCase([1, 3, 3, 2], kernel: (3, 3), outputs: 2, padding: 3),
        WindowCase([1, 8, 7, 2], kernel: (2, 2), outputs: 3, stride: 3),
        WindowCase([1, 9, 8, 2], kernel: (7, 7), outputs: 2, stride: 4, padding: 3),
        WindowCase([1, 6, 1, 2], kernel: (3, 1), outputs: 2),
    ]

    /// What the lowering that the policy chooses may lose, as a share of the largest element; `LoweringTests` has the
    /// bounds of each.
    private func isClose(_ found: Tensor, _ expected: Oracle) -> Bool {
        let largest = expected.elements.reduce(0) { max($0, abs($1)) }
        return difference(found, expected, relative: 0, absolute: 2e-5 * largest) == nil
    }

    @Test(arguments: geometries)
    func agreesWithTheDefinition(_ geometry: WindowCase) {
        let x = Tensor(random: Tensor.Shape(geometry.input), seed: 1)
        let filter = Tensor(
            random: [geometry.kernel.0, geometry.kernel.1, geometry.input[3], geometry.outputs], seed: 2)
        var (y, upstream) = (Tensor([]), Tensor([]))
        let (_, gradients) = valueAndGradient(at: [x, filter]) { v in
            let result = convolution(v[0], filter: v[1], stride: geometry.stride, padding: geometry.padding)
            (y, upstream) = (result.value, Tensor(random: result.shape, seed: 3))
            return sum(result * result.tape.constant(upstream))
        }
        let expected = Oracle.convolution(Oracle(x), Oracle(filter), upstream: Oracle(upstream), geometry)
        #expect(isClose(y, expected.result))
        #expect(isClose(gradients[0], expected.byInput))
        #expect(isClose(gradients[1], expected.byFilter))
    }

    @Test(arguments: geometries)
    func addsToGradientsThatAreAlreadyThere(_ geometry: WindowCase) {
        let x = Tensor(random: Tensor.Shape(geometry.input), seed: 1)
        let filter = Tensor(
            random: [geometry.kernel.0, geometry.kernel.1, geometry.input[3], geometry.outputs], seed: 2)
        func gradients(uses: Int) -> [Tensor] {
            valueAndGradient(at: [x, filter]) { v in
                func use() -> Variable {
                    let y = convolution(v[0], filter: v[1], stride: geometry.stride, padding: geometry.padding)
                    return sum(y * y.tape.constant(Tensor(random: y.shape, seed: 3)))
                }
                return (1..<uses).reduce(use()) { total, _ in total + use() }
            }.gradients
        }
        for (once, thrice) in zip(gradients(uses: 1), gradients(uses: 3)) {
            #expect(difference(thrice, once.elements.map { Double($0) * 3 }, absolute: 1e-4) == nil)
        }
    }

    @Test func manyRowsAreSplitIntoPiecesOfTheSameSum() {
        // More than one tile, and more than one partial sum of the filter's gradient.
        let geometry = WindowCase([2, 37, 41, 2], kernel: (3, 3), outputs: 3, padding: 1)
        agreesWithTheDefinition(geometry)
        agreesWithTheDefinition(WindowCase([3, 29, 23, 2], kernel: (1, 1), outputs: 3))
        agreesWithTheDefinition(WindowCase([2, 38, 42, 2], kernel: (2, 2), outputs: 2, stride: 2))
    }

    @Test func addsABiasToEveryPixel() {
        let (x, bias) = (Tensor(random: [2, 3, 3, 2], seed: 1), Tensor([1, -2, 3]))
        let filter = Tensor(random: [3, 3, 2, 3], seed: 2)
        var (with, without) = (Tensor([]), Tensor([]))
        let (_, gradients) = valueAndGradient(at: [x, filter, bias]) { v in
            with = convolution(v[0], filter: v[1], bias: v[2], padding: 1).value
            let y = convolution(v[0], filter: v[1], padding: 1)
            without = y.value
            return sum(addBias(v[2], to: y))
        }
        let expected = without.elements.enumerated().map { Double($1) + Double(bias[$0 % 3]) }
        #expect(difference(with, expected) == nil)
        #expect(gradients[2].elements == [18, 18, 18])
    }

    @Test func refusesWhatDoesNotFit() async {
        Self.run([1, 3, 3, 2], [3, 3, 2, 1])
        await #expect(processExitsWith: .failure) { ConvolutionTests.run([1, 3, 3, 2], [3, 3, 1, 1]) }
        await #expect(processExitsWith: .failure) { ConvolutionTests.run([1, 2, 3, 2], [3, 3, 2, 1]) }
        await #expect(processExitsWith: .failure) { ConvolutionTests.run([1, 3, 3, 2], [3, 3, 2, 1], stride: 0) }
        await #expect(processExitsWith: .failure) { ConvolutionTests.run([3, 3, 2], [3, 3, 2, 1]) }
    }

    static func run(_ input: Tensor.Shape, _ filter: Tensor.Shape, stride: Int = 1) {
        _ = evaluate(Parameters()) { tape in
            convolution(
                tape.constant(Tensor(zeros: input)), filter: tape.constant(Tensor(zeros: filter)), stride: stride)
        }
    }
}
