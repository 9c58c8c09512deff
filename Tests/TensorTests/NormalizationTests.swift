import Testing
import _TestSupport

@testable import Tensor

@Suite struct NormalizationTests {
    /// A batch norm's slots, and parameters that hold its running averages.
    private struct BatchNormCase {
        let mean: ParameterSlot, variance: ParameterSlot
        var parameters: Parameters

        init(channels: Int) {
            var builder = ParameterBuilder(generator: SeededGenerator(seed: 8))
            mean = builder.add("mean", shape: [channels], role: .statistic, initializer: .uniform(bound: 1))
            variance = builder.add("variance", shape: [channels], role: .statistic, initializer: .constant(2))
            parameters = builder.parameters()
        }

        func callAsFunction(_ v: [Variable], slope: Float) -> Variable {
            batchNorm(
                v[0], scale: v[1], shift: v[2], runningMean: mean, runningVariance: variance, slope: slope)
        }
    }

    private func oracle(_ x: Tensor, samples: Int, groups: Int, _ scale: Tensor, _ shift: Tensor, slope: Float)
        -> (result: Oracle, mean: [Double], variance: [Double])
    {
        let channels = x.shape.last
        return Oracle.normalize(
            Oracle(x.reshaped(to: [samples, x.count / samples / channels, channels])), groups: groups,
            scale: Oracle(scale), shift: Oracle(shift), slope: Double(slope))
    }

    static let shapes: [Tensor.Shape] = [[2, 1, 1, 1], [2, 5, 3, 4], [1, 7, 5, 18], [3, 40, 33, 3], [6, 5]]

    @Test(arguments: shapes, [0, 0.1, 1] as [Float])
    func batchNormAgreesWithTheDefinition(shape: Tensor.Shape, slope: Float) {
        let channels = shape.last
        var x = Tensor(random: shape, seed: 1, standardDeviation: 3)
        // Far from zero, where Σ x² − (Σ x)² / n would lose all digits.
        x.withMutableElements { for i in $0.indices { $0[i] += 500 * Float(i % channels) } }
        let (scale, shift) = (Tensor(random: [channels], seed: 2), Tensor(random: [channels], seed: 3))
        var norm = BatchNormCase(channels: channels)
        let before = norm.parameters
        let expected = oracle(x, samples: 1, groups: channels, scale, shift, slope: slope)

        var y = Tensor([])
        _ = valueAndGradient(at: &norm.parameters) { [norm] tape in
            let result = norm([x, scale, shift].map(tape.constant), slope: slope)
            y = result.value
            return sum(result)
        }
        #expect(difference(y.reshaped(to: [x.count]), expected.result.elements, relative: 1e-4, absolute: 1e-3) == nil)
        // Running averages: a tenth of the batch's, the variance as of a sample.
        let rows = Double(x.count / channels)
        let means = (0..<channels).map { 0.9 * Double(before[norm.mean][$0]) + 0.1 * expected.mean[$0] }
        let variances = (0..<channels).map { 1.8 + 0.1 * expected.variance[$0] * rows / (rows - 1) }
        #expect(difference(norm.parameters[norm.mean], means) == nil)
        #expect(difference(norm.parameters[norm.variance], variances, relative: 1e-4) == nil)
    }

    /// As when two views of an image go through the same network.
    @Test func averagesRunOnWhenALayerIsUsedTwice() {
        var norm = BatchNormCase(channels: 1)
        let (scale, shift) = (Tensor([1]), Tensor([0]))
        let start = Double(norm.parameters[norm.mean][0])
        _ = valueAndGradient(at: &norm.parameters) { [norm] tape in
            func use(_ x: Tensor) -> Variable { sum(norm([x, scale, shift].map(tape.constant), slope: 1)) }
            return use(Tensor([1, 3], shape: [2, 1])) + use(Tensor([10, 30], shape: [2, 1]))
        }
        #expect(difference(norm.parameters[norm.mean], [0.81 * start + 0.09 * 2 + 0.1 * 20]) == nil)
        #expect(difference(norm.parameters[norm.variance], [0.81 * 2 + 0.09 * 2 + 0.1 * 200]) == nil)
    }

    @Test(arguments: shapes)
    func inferenceUsesTheRunningAverages(shape: Tensor.Shape) {
        let channels = shape.last
        let x = Tensor(random: shape, seed: 1)
        let (scale, shift) = (Tensor(random: [channels], seed: 2), Tensor(random: [channels], seed: 3))
        let norm = BatchNormCase(channels: channels)
        let y = evaluate(norm.parameters) { tape in norm([x, scale, shift].map(tape.constant), slope: 0) }
        let mean = norm.parameters[norm.mean]
        let expected = x.elements.enumerated().map { index, value in
            let c = index % channels
            return max(0, Double(value - mean[c]) / (2 + 1e-5).squareRoot() * Double(scale[c]) + Double(shift[c]))
        }
        #expect(difference(y.reshaped(to: [x.count]), expected) == nil)
    }

    @Test(arguments: [1, 0.2] as [Float])
    func batchNormHasTheDerivativeOfFiniteDifferences(slope: Float) {
        let norm = BatchNormCase(channels: 3)
        let inputs = [
            Tensor(random: [2, 4, 3, 3], seed: 1, standardDeviation: 4), Tensor([1, 2, -1]),
            // With a rectifier, shifts that keep all results on one side of the kink.
            slope == 1 ? Tensor([0, 1, -1]) : Tensor([20, -20, 20]),
        ]
        #expect(gradientError(at: inputs, parameters: norm.parameters) { norm($0, slope: slope) } < 1e-3)
    }

    @Test(arguments: [1, 2, 6])
    func groupNormAgreesWithTheDefinition(groups: Int) {
        for shape: Tensor.Shape in [[2, 5, 3, 6], [1, 1, 2, 6], [3, 31, 60, 6]] {
            let x = Tensor(random: shape, seed: 1)
            let (scale, shift) = (Tensor(random: [6], seed: 2), Tensor(random: [6], seed: 3))
            let y = evaluate(Parameters()) { tape in
                groupNorm(tape.constant(x), scale: tape.constant(scale), shift: tape.constant(shift), groups: groups)
            }
            let expected = oracle(x, samples: shape[0], groups: groups, scale, shift, slope: 1)
            #expect(difference(y.reshaped(to: [x.count]), expected.result.elements, absolute: 2e-5) == nil)
        }
    }

    @Test(arguments: [1, 2, 6])
    func groupNormHasTheDerivativeOfFiniteDifferences(groups: Int) {
        let inputs = [
            Tensor(random: [2, 4, 3, 6], seed: 1, standardDeviation: 4), Tensor(random: [6], seed: 2),
            Tensor(random: [6], seed: 3),
        ]
        #expect(gradientError(at: inputs) { groupNorm($0[0], scale: $0[1], shift: $0[2], groups: groups) } < 1e-3)
    }

    /// With dy = act′ · upstream, dβ = Σ dy and dγ = Σ dy x̂, and dx has neither mean nor component along x̂.
    @Test func theDerivativeIsOrthogonalToWhatNormalisationRemoves() {
        let x = Tensor(random: [3, 9, 8, 4], seed: 1)
        let (scale, shift) = (Tensor(repeating: 1, shape: [4]), Tensor(random: [4], seed: 3))
        let norm = BatchNormCase(channels: 4)
        var (y, upstream) = (Tensor([]), Tensor([]))
        let (_, gradients) = valueAndGradient(at: [x, scale, shift], parameters: norm.parameters) { v in
            let result = norm(v, slope: 0.1)
            (y, upstream) = (result.value, Tensor(random: result.shape, seed: 5))
            return sum(result * result.tape.constant(upstream))
        }
        for c in 0..<4 {
            var (byShift, byScale, total, along) = (0.0, 0.0, 0.0, 0.0)
            for i in stride(from: c, to: x.count, by: 4) {
                let result = Double(y.elements[i])
                let normalized = (result > 0 ? result : result / 0.1) - Double(shift[c])
                let g = Double(upstream.elements[i]) * (result > 0 ? 1 : 0.1)
                byShift += g
                byScale += g * normalized
                total += Double(gradients[0].elements[i])
                along += Double(gradients[0].elements[i]) * normalized
            }
            #expect(abs(Double(gradients[2][c]) - byShift) < 1e-3 && abs(Double(gradients[1][c]) - byScale) < 1e-3)
            #expect(abs(total) < 1e-3 && abs(along) < 1e-3)
        }
    }

    @Test func layersRegisterWhatTheyNeed() {
        var builder = ParameterBuilder(generator: SeededGenerator(seed: 1))
        let batch = Normalization(.batch, channels: 4, slope: 0, name: "batch", in: &builder)
        let group = Normalization(.group(2), channels: 4, name: "group", in: &builder)
        let instance = Normalization(.instance, channels: 4, name: "instance", in: &builder)
        let parameters = builder.parameters()
        #expect(
            parameters.slots.map(\.name) == [
                "batch.weight", "batch.bias", "batch.running_mean", "batch.running_var", "group.weight", "group.bias",
                "instance.weight", "instance.bias",
            ])
        let x = Tensor(random: [2, 3, 3, 4], seed: 1)
        func run(_ layer: Normalization) -> Tensor {
            evaluate(parameters, normalization: .batchStatistics) { layer($0.constant(x)) }
        }
        let (ones, zeros) = (Tensor(repeating: 1, shape: [4]), Tensor(zeros: [4]))
        for (layer, samples, groups, slope) in [(batch, 1, 4, Float(0)), (group, 2, 2, 1), (instance, 2, 4, 1)] {
            let expected = oracle(x, samples: samples, groups: groups, ones, zeros, slope: slope)
            #expect(difference(run(layer).reshaped(to: [x.count]), expected.result.elements) == nil)
        }
    }
}
