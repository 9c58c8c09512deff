import Testing
import _TestSupport

@testable import Tensor

@Suite struct TransposedConvolutionTests {
    /// Input, kernel, outputs, stride: kernels as wide as the stride, wider, and narrower.
    static let cases: [([Int], (Int, Int), Int, Int)] = [
        ([1, 1, 1, 1], (2, 2), 1, 2), ([2, 3, 5, 4], (2, 2), 3, 2), ([1, 4, 3, 2], (3, 3), 2, 2),
        ([1, 3, 3, 17], (2, 2), 18, 2), ([1, 3, 2, 2], (3, 2), 2, 1), ([1, 2, 3, 2], (2, 2), 2, 3),
        ([2, 23, 19, 2], (2, 2), 2, 2),
    ]

    @Test(arguments: cases)
    func agreesWithTheDefinition(_ input: [Int], _ kernel: (Int, Int), _ outputs: Int, _ stride: Int) {
        let x = Tensor(random: Tensor.Shape(input), seed: 1)
        let filter = Tensor(random: [kernel.0, kernel.1, outputs, input[3]], seed: 2)
        var (y, upstream) = (Tensor([]), Tensor([]))
        let (_, gradients) = valueAndGradient(at: [x, filter]) { v in
            let result = transposedConvolution(v[0], filter: v[1], stride: stride)
            (y, upstream) = (result.value, Tensor(random: result.shape, seed: 3))
            return sum(result * result.tape.constant(upstream))
        }
        #expect(
            difference(y, Oracle.transposedConvolution(Oracle(x), Oracle(filter), stride: stride), absolute: 2e-5)
                == nil)
        // It is the adjoint of a convolution: by its input it is that convolution of the upstream gradient, and by the
        // filter the gradient of that convolution with the two images exchanged.
        let geometry = WindowCase(upstream.shape.array, kernel: kernel, outputs: input[3], stride: stride)
        let expected = Oracle.convolution(Oracle(upstream), Oracle(filter), upstream: Oracle(x), geometry)
        #expect(difference(gradients[0], expected.result) == nil)
        #expect(difference(gradients[1], expected.byFilter, absolute: 1e-4) == nil)
    }

    @Test func isLinearAndItsDerivativeIsItsAdjoint() {
        let (x, filter) = (Tensor(random: [2, 4, 3, 5], seed: 1), Tensor(random: [2, 2, 3, 5], seed: 2))
        for index in 0..<2 {
            let error = adjointError(at: [x, filter], by: index) { transposedConvolution($0[0], filter: $0[1]) }
            #expect(error < 1e-6)
        }
        let bias = Tensor(random: [3], seed: 4)
        #expect(
            gradientError(at: [x, filter, bias]) { transposedConvolution($0[0], filter: $0[1], bias: $0[2]) } < 1e-3)
    }
}
