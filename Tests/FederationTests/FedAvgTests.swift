import Federation
import Tensor
import Testing

struct FedAvgTests {
    private let difficult: [Float] = [
        -0.0, .leastNonzeroMagnitude, -.leastNormalMagnitude, .greatestFiniteMagnitude, 0.1, -1 / 3, 1 - .ulpOfOne / 2,
        0, 3,
    ]

    private func update(_ client: String, _ values: [Float], samples: Int) -> LocalUpdate {
        LocalUpdate(parameters: model(values), sampleCount: samples, round: 1, client: client)
    }

    private func average(_ updates: [LocalUpdate]) -> Parameters {
        var parameters = model()
        FedAvg().aggregate(updates, into: &parameters)
        return parameters
    }

    @Test(arguments: [[1], [1, 1], [1, 1, 1], [3, 7, 11, 13, 17, 19, 23], [1 << 40, 1, 999_999_937]])
    func equalModelsAreTheirOwnMean(samples: [Int]) {
        let updates = samples.enumerated().map { update("c\($0.offset)", difficult, samples: $0.element) }
        #expect(bits(average(updates)) == bits(model(difficult)))
    }

    @Test func orderDoesNotMatter() {
        // 1e30 + 1 - 1e30 is 0 in Double and 1e30 - 1e30 + 1 is 1: summed as they come, the order would show.
        let updates = [1e30, 1, -1e30, 0.5].enumerated().map { index, value in
            update("c\(index)", [Float](repeating: value, count: 9), samples: 1)
        }
        let expected = bits(average(updates))
        var generator = SeededGenerator(seed: 8)
        for _ in 0..<12 {
            let shuffled = generator.permutation(of: updates.count).map { updates[$0] }
            #expect(bits(average(shuffled)) == expected)
        }
    }

    @Test func weightsAreSampleCounts() {
        let mean = average([
            update("a", [1, 2, 3, 4, 5, 6, 7, 10, 20], samples: 1),
            update("b", [5, 2, 7, 0, 1, 6, 3, 2, 4], samples: 3),
        ])
        #expect(mean.vector.elements == [4, 2, 6, 1, 2, 6, 4, 4, 8])
        #expect(mean.slot(named: "norm.mean").map { mean[$0].elements } == [4, 8], "statistics are averaged too")
    }

    @Test func longModelsAreAveragedInEveryBlock() {
        var builder = ParameterBuilder(generator: SeededGenerator(seed: 1))
        _ = builder.add("weight", shape: [5001], initializer: .constant(0))
        let start = builder.parameters()
        let updates = (0..<3).map { client in
            var parameters = start
            parameters.vector = Tensor((0..<5001).map { Float($0 * (client + 1)) })
            return LocalUpdate(parameters: parameters, sampleCount: 1, round: 1, client: "c\(client)")
        }
        var mean = start
        FedAvg().aggregate(updates, into: &mean)
        #expect(mean.vector.elements == (0..<5001).map { Float($0 * 2) })
    }
}
