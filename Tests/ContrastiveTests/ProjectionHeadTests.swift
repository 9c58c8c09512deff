import Contrastive
import Tensor
import Testing
import _TestSupport

@Suite struct ProjectionHeadTests {
    private func head() -> (ProjectionHead, Parameters) {
        var builder = ParameterBuilder(generator: SeededGenerator(seed: 1))
        let head = ProjectionHead(inputs: 6, outputs: 3, in: &builder)
        return (head, builder.parameters())
    }

    @Test func namesItsSlotsLikeASequentialModule() {
        let (_, parameters) = head()
        #expect(parameters.slots.map(\.name) == ["head.0.weight", "head.0.bias", "head.2.weight", "head.2.bias"])
        #expect(parameters.slots.map(\.shape) == [[6, 6], [6], [6, 3], [3]])
        #expect(parameters.slots.allSatisfy { $0.role == .trainable })
    }

    @Test func projectsTheMeanOverPixels() {
        let (head, parameters) = head()
        let x = Tensor(random: [2, 3, 4, 6], seed: 2)
        let projections = evaluate(parameters) { head($0.constant(x)) }
        var expected: [Double] = []
        for image in 0..<2 {
            let means = (0..<6).map { channel in
                (0..<12).map { Double(x[image, $0 / 4, $0 % 4, channel]) }.reduce(0, +) / 12
            }
            func layer(_ input: [Double], _ name: String) -> [Double] {
                let weight = parameters[parameters.slot(named: "head.\(name).weight")!]
                let bias = parameters[parameters.slot(named: "head.\(name).bias")!]
                return (0..<bias.count).map { output in
                    input.indices.reduce(Double(bias[output])) { $0 + input[$1] * Double(weight[$1, output]) }
                }
            }
            expected += layer(layer(means, "0").map { max($0, 0) }, "2")
        }
        #expect(projections.shape == [2, 3])
        #expect(difference(projections, expected) == nil)
    }
}
