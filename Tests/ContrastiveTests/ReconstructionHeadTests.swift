import Contrastive
import Tensor
import Testing
import _TestSupport

@Suite struct ReconstructionHeadTests {
    private func model(inputs: Int, depth: Int, channels: Int) -> (ReconstructionHead, Parameters) {
        var builder = ParameterBuilder(generator: SeededGenerator(seed: 1))
        let head = ReconstructionHead(inputs: inputs, depth: depth, channels: channels, in: &builder)
        return (head, builder.parameters())
    }

    @Test(arguments: [(16, 4, 1), (6, 1, 2), (8, 2, 3)])
    func doublesTheImageAndHalvesTheChannelsAsOftenAsTheEncoderDidTheOpposite(inputs: Int, depth: Int, channels: Int) {
        let (head, parameters) = model(inputs: inputs, depth: depth, channels: channels)
        let x = Tensor(random: [2, 3, 2, inputs], seed: 2)
        let drawing = evaluate(parameters) { head($0.constant(x)) }
        #expect(drawing.shape == [2, 3 << depth, 2 << depth, channels])
        #expect(parameters.slots.allSatisfy { $0.name.hasPrefix("head.decoder.") && $0.role == .trainable })
        #expect(parameters.slots.count == 2 * depth + 2)
    }

    @Test func isTransposedConvolutionsWithRectifiersAndAPointwiseConvolution() {
        let (head, parameters) = model(inputs: 4, depth: 2, channels: 1)
        let x = Tensor(random: [1, 2, 3, 4], seed: 2)
        func slot(_ name: String) -> Oracle { Oracle(parameters[parameters.slot(named: "head.decoder." + name)!]) }
        var expected = Oracle(x)
        for step in 0..<2 {
            expected = Oracle.transposedConvolution(expected, slot("\(step).weight"), stride: 2)
            let bias = slot("\(step).bias")
            for index in expected.elements.indices {
                expected.elements[index] = max(0, expected.elements[index] + bias[index % bias.shape[0]])
            }
        }
        let geometry = WindowCase(expected.shape, kernel: (1, 1))
        var last = Oracle.convolution(expected, slot("last.weight"), geometry).result
        for index in last.elements.indices { last.elements[index] += slot("last.bias")[0] }
        #expect(difference(evaluate(parameters) { head($0.constant(x)) }, last) == nil)
    }

    @Test func gradientsReachEveryWeightAndTheFeatures() {
        let (head, start) = model(inputs: 4, depth: 2, channels: 1)
        var parameters = start
        let (x, images) = (Tensor(random: [2, 2, 2, 4], seed: 2), Tensor(random: [2, 8, 8, 1], seed: 3))
        let (_, gradient) = valueAndGradient(at: &parameters) { tape in
            ReconstructionTask()(
                head(tape.constant(x)), images: images, mask: Tensor(repeating: 1, shape: images.shape))
        }
        for slot in parameters.slots {
            let start = parameters.offset(of: slot)
            #expect(gradient.elements[start..<start + slot.shape.count].contains { $0 != 0 }, "\(slot.name)")
        }
        #expect(gradientError(at: [x], parameters: start, step: 0.001) { head($0[0]) } < 2e-3)
    }
}
