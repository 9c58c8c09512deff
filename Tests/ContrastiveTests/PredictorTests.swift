import Contrastive
import Tensor
import Testing
import _TestSupport

@Suite struct PredictorTests {
    private func predictor() -> (Predictor, Parameters) {
        var builder = ParameterBuilder(generator: SeededGenerator(seed: 1))
        let predictor = Predictor(dimension: 3, in: &builder)
        return (predictor, builder.parameters())
    }

    @Test func namesItsSlotsLikeASequentialModule() {
        let (_, parameters) = predictor()
        #expect(
            parameters.slots.map(\.name)
                == [
                    "0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var", "3.weight", "3.bias",
                ].map { "head.predictor." + $0 })
        #expect(parameters.slots.map(\.shape) == [[3, 12], [12], [12], [12], [12], [12], [12, 3], [3]])
        #expect(parameters.slots.filter { $0.role == .statistic }.count == 2)
    }

    @Test func normalisesItsHiddenUnitsOverTheBatch() {
        let (predictor, parameters) = predictor()
        let x = Tensor(random: [4, 3], seed: 2)
        let result = evaluate(parameters, normalization: .batchStatistics) { predictor($0.constant(x)) }
        func layer(_ input: LossOracle.Matrix, _ name: String) -> LossOracle.Matrix {
            let weight = LossOracle.rows(parameters[parameters.slot(named: "head.predictor.\(name).weight")!])
            let bias = parameters[parameters.slot(named: "head.predictor.\(name).bias")!].elements.map(Double.init)
            return input.map { row in
                bias.indices.map { column in
                    row.indices.reduce(bias[column]) { $0 + row[$1] * weight[$1][column] }
                }
            }
        }
        var hidden = layer(LossOracle.rows(x), "0")
        for unit in 0..<12 {
            let mean = hidden.reduce(0) { $0 + $1[unit] } / 4
            let variance = hidden.reduce(0) { $0 + ($1[unit] - mean) * ($1[unit] - mean) } / 4
            for row in 0..<4 { hidden[row][unit] = max(0, (hidden[row][unit] - mean) / (variance + 1e-5).squareRoot()) }
        }
        #expect(result.shape == [4, 3])
        #expect(difference(result, layer(hidden, "3").flatMap { $0 }, relative: 1e-4, absolute: 1e-5) == nil)
    }
}
