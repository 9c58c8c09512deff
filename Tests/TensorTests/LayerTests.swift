import Foundation
import Testing
import _TestSupport

@testable import Tensor

/// Smooth activations, layer normalization, upsampling, and the layers that compose them.
@Suite struct LayerTests {
    @Test func activationsHaveTheirDefinitions() {
        let x = Tensor([-80, -20, -3, -0.5, -1e-6, 0, 1e-6, 0.5, 3, 20, 80])
        let inputs = x.elements.map(Double.init)
        func value(_ f: (Variable) -> Variable) -> Tensor { evaluate(Parameters()) { f($0.constant(x)) } }
        func logistic(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
        #expect(difference(value(sigmoid), inputs.map(logistic), absolute: 1e-30) == nil)
        #expect(difference(value(tanh), inputs.map { Foundation.tanh($0) }, absolute: 1e-12) == nil)
        #expect(difference(value(silu), inputs.map { $0 * logistic($0) }, absolute: 1e-30) == nil)
        let gaussian = inputs.map { $0 * 0.5 * erfc(-$0 / 2.0.squareRoot()) }
        #expect(difference(value(gelu), gaussian, absolute: 1e-30) == nil)
        let near = Tensor(random: [3, 5], seed: 1)
        for (index, f) in [sigmoid, tanh, silu, gelu].enumerated() {
            #expect(gradientError(at: [near], step: 0.01) { f($0[0]) } < 1e-3, "activation \(index)")
        }
    }

    @Test func layerNormStandardizesRows() {
        let x = Tensor(random: [4, 3, 6], seed: 1) * 3 + 1
        var builder = ParameterBuilder(generator: SeededGenerator(seed: 1))
        let layer = LayerNorm(channels: 6, name: "norm", in: &builder)
        let y = evaluate(builder.parameters()) { layer($0.constant(x)) }
        #expect(y.shape == x.shape)
        #expect(difference(y.mean(axes: [-1]), [Double](repeating: 0, count: 12), absolute: 1e-5) == nil)
        #expect(difference((y * y).mean(axes: [-1]), [Double](repeating: 1, count: 12), relative: 1e-4) == nil)
        let scale = Tensor(random: [6], seed: 2), shift = Tensor(random: [6], seed: 3)
        #expect(gradientError(at: [x, scale, shift]) { layerNorm($0[0], scale: $0[1], shift: $0[2]) } < 2e-3)
    }

    @Test func upsamplingIsLinearAndKeepsConstants() {
        let x = Tensor(random: [2, 3, 5, 2], seed: 1)
        for method in [Upsampling.nearest, .bilinear] {
            for factor in 1...4 {
                #expect(adjointError(at: [x]) { upsample($0[0], by: factor, method: method) } < 1e-6)
                let flat = evaluate(Parameters()) {
                    upsample($0.constant(Tensor(repeating: 7, shape: [1, 2, 1, 3])), by: factor, method: method)
                }
                #expect(difference(flat, [Double](repeating: 7, count: 6 * factor * factor)) == nil)
            }
            #expect(evaluate(Parameters()) { upsample($0.constant(x), by: 1, method: method) } == x)
        }
        // A ramp stays a ramp away from the border.
        let ramp = Tensor([0, 1, 2, 3], shape: [1, 1, 4, 1])
        let fine = evaluate(Parameters()) { upsample($0.constant(ramp), by: 2, method: .bilinear) }
        #expect(fine.elements.prefix(8) == [0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3])
    }

    @Test func aSequenceLearnsExclusiveOr() {
        var builder = ParameterBuilder(generator: SeededGenerator(seed: 3))
        let network = Sequential(
            Linear(inputs: 2, outputs: 8, name: "first", in: &builder),
            LayerNorm(channels: 8, name: "norm", in: &builder), Lambda(gelu), Dropout(rate: 0),
            Linear(inputs: 8, outputs: 2, name: "second", in: &builder))
        var parameters = builder.parameters()
        let points = Tensor([0, 0, 0, 1, 1, 0, 1, 1], shape: [4, 2])
        var optimizer = SGD(learningRate: 0.2, momentum: 0.9)
        for _ in 0..<200 {
            let (_, gradient) = valueAndGradient(at: &parameters) {
                crossEntropy(network($0.constant(points)), labels: [0, 1, 1, 0])
            }
            optimizer.update(&parameters, along: gradient)
        }
        #expect(evaluate(parameters) { network($0.constant(points)) }.argmax() == [0, 1, 1, 0])
    }

    @Test func layersDoWhatTheirFunctionsDo() {
        let images = Tensor(random: [1, 4, 4, 2], seed: 1)
        let layer = Sequential([Lambda { maxPool($0, size: 2) }, Upsample(factor: 2, method: .nearest)])
        let expected = evaluate(Parameters()) {
            upsample(maxPool($0.constant(images), size: 2), by: 2, method: .nearest)
        }
        #expect(evaluate(Parameters()) { layer($0.constant(images)) } == expected)
        var parameters = Parameters()
        var dropped = Tensor([])
        _ = valueAndGradient(at: &parameters, generator: SeededGenerator(seed: 4)) { tape in
            let y = Dropout(rate: 0.5)(tape.constant(images))
            dropped = y.value
            return sum(y)
        }
        #expect(dropped != images && dropped.elements.contains(0))
        #expect(evaluate(Parameters()) { Dropout(rate: 0.5)($0.constant(images)) } == images)
    }
}
