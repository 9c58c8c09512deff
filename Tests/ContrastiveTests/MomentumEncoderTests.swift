import Contrastive
import Tensor
import Testing
import _TestSupport

@Suite struct MomentumEncoderTests {
    /// Three weights and two statistics.
    private func model(_ values: [Float]) -> Parameters {
        var builder = ParameterBuilder(generator: SeededGenerator(seed: 1))
        _ = builder.add("weight", shape: [3], initializer: .constant(0))
        _ = builder.add("running_mean", shape: [2], role: .statistic, initializer: .constant(0))
        var parameters = builder.parameters()
        parameters.vector = Tensor(values)
        return parameters
    }

    @Test func averagesWeightsAndStatistics() {
        var encoder = MomentumEncoder(model([0, 1, 2, 10, -10]), momentum: 0.75)
        encoder.update(toward: model([4, 1, -2, 0, 0]))
        #expect(encoder.parameters.vector.elements == [1, 1, 1, 7.5, -7.5])
    }

    @Test func approachesAFrozenEncoderGeometrically() {
        // θ_k after T steps is θ_q + m^T (θ_k − θ_q).
        var encoder = MomentumEncoder(model([1, 1, 1, 1, 1]), momentum: 0.9)
        for _ in 0..<10 { encoder.update(toward: model([0, 0, 0, 0, 0])) }
        #expect(difference(encoder.parameters.vector, [Double](repeating: 0.3486784401, count: 5)) == nil)
    }

    @Test func momentumOneStaysAndZeroCopies() {
        let (start, main) = (model([1, 2, 3, 4, 5]), model([-1, 0, 7, 9, 2]))
        for (momentum, expected) in [(1, start), (0, main)] as [(Float, Parameters)] {
            var encoder = MomentumEncoder(start, momentum: momentum)
            encoder.update(toward: main)
            #expect(encoder.parameters == expected)
        }
    }

    @Test func leavesTheMainEncoderAlone() {
        let main = model([1, 2, 3, 4, 5])
        var encoder = MomentumEncoder(main, momentum: 0.5)
        encoder.update(toward: model([0, 0, 0, 0, 0]))
        #expect(main.vector.elements == [1, 2, 3, 4, 5])
    }
}
