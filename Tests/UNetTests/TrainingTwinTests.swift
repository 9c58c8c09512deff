import Foundation
import Testing
import UNet
import _TestSupport

@testable import Tensor

/// The same U-Net trained here and by PyTorch: scores, loss, every gradient, ten losses, running statistics.
///
/// PyTorch's numbers were computed in double precision, so what differs are this package's rounding errors. A sum of n
/// terms in single precision is off by about √n · 6e-8 of their size; the gradient of the first layer has passed 22
/// layers of up to 864 terms a sum, and batch norms over twelve elements that enlarge errors where the variance is
/// small. Gradients of the same weight are compared relative to the largest of them: in a sum over pixels that almost
/// cancel, the error belongs to the terms.
@Suite struct TrainingTwinTests {
    private let fixture: Safetensors
    private let network: UNet
    private let parameters: Parameters
    private let images: Tensor
    private let labels: [Int]

    init() throws {
        let url = Bundle.module.url(forResource: "Fixtures/training", withExtension: "safetensors")
        fixture = try Safetensors(contentsOf: try #require(url))
        var builder = ParameterBuilder(generator: SeededGenerator(seed: 1))
        network = UNet(UNet.Configuration(inputChannels: 1, classes: 3, width: 3, depth: 4), in: &builder)
        var parameters = builder.parameters()
        let transfer = try parameters.load(fixture.part(under: "start."))
        #expect(transfer.missing.isEmpty && transfer.unexpected.isEmpty)
        self.parameters = parameters
        images = try fixture.tensor("images", shape: [2, 1, 32, 48]).reshaped(to: [2, 32, 48, 1])
        labels = try #require(fixture.integers["labels"]).values.map { Int($0) }
    }

    /// `[batch, channels, height, width]` as `[batch, height, width, channels]`.
    private func channelsLast(_ x: Tensor) -> Tensor {
        let (batch, channels, height, width) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3])
        var y = Tensor(zeros: [batch, height, width, channels])
        for n in 0..<batch {
            for c in 0..<channels {
                for i in 0..<height { for j in 0..<width { y[n, i, j, c] = x[n, c, i, j] } }
            }
        }
        return y
    }

    private func largest(_ x: Tensor) -> Double {
        Double(x.elements.map(abs).max() ?? 0)
    }

    private func loss(_ tape: Tape) -> Variable {
        crossEntropy(network(tape.constant(images)), labels: labels)
    }

    @Test func hasTheSlotsOfPyTorchAndNoOthers() {
        let names = fixture.tensors.keys.filter { $0.hasPrefix("start.") }.map { String($0.dropFirst(6)) }
        #expect(Set(names) == Set(parameters.slots.map(\.name)))
        #expect(
            parameters.slots.first { $0.name == "down2.maxpool_conv.1.double_conv.3.weight" }?.shape == [3, 3, 12, 12])
    }

    @Test func computesTheSameScoresAndLoss() throws {
        let logits = evaluate(parameters, normalization: .batchStatistics) { network($0.constant(images)) }
        let expected = channelsLast(try fixture.tensor("logits", shape: [2, 3, 32, 48]))
        #expect(difference(logits, expected, relative: 1e-5, absolute: 1e-5) == nil)
        let value = evaluate(parameters, normalization: .batchStatistics, loss)
        #expect(difference(value, try fixture.tensor("loss", shape: []), relative: 1e-6) == nil)
    }

    @Test func computesTheSameGradientOfEveryWeight() throws {
        var parameters = parameters
        let (value, gradient) = valueAndGradient(at: &parameters, of: loss)
        #expect(abs(value / (try fixture.tensor("loss", shape: []).elements[0]) - 1) < 1e-6)

        // The gradient with names, in PyTorch's layout.
        var named = self.parameters
        named.vector = Tensor(gradient.elements + named.vector.elements.dropFirst(gradient.count))
        let file = named.safetensors(including: { $0.role == .trainable })
        #expect(file.tensors.count == fixture.part(under: "gradient.").tensors.count)
        for (name, expected) in fixture.part(under: "gradient.").tensors {
            let tolerance = 5e-5 * largest(expected) + 1e-7
            let found = try file.tensor(name, shape: expected.shape)
            #expect(difference(found, expected, relative: 0, absolute: tolerance) == nil, "\(name)")
        }
    }

    static let optimizers: [(name: String, rule: any Optimizer)] = [
        ("adam", Adam(learningRate: 1e-3)), ("sgd", SGD(learningRate: 0.05, momentum: 0.9)),
    ]

    /// By im2col: Adam divides by the size of each gradient, and so enlarges the rounding of the smallest ones. What the
    /// other lowerings' rounding does to the loss is the next test's.
    @Test(arguments: optimizers)
    func learnsAsFastForTenSteps(name: String, optimizer: any Optimizer) throws {
        try ConvolutionGeometry.$forcedLowering.withValue(ColumnLowering()) {
            try learnsAsFast(name: name, optimizer: optimizer)
        }
    }

    @Test(arguments: optimizers, 4...8 as ClosedRange<UInt64>)
    func fiftyLossesAreThoseOfIm2Col(_ optimizer: (name: String, rule: any Optimizer), seed: UInt64) {
        // Wide enough for Winograd's transforms, F(6×6) at 40² and 10², and F(4×4) at 20²; discs in noise.
        var builder = ParameterBuilder(generator: SeededGenerator(seed: seed))
        let network = UNet(UNet.Configuration(classes: 2, width: 16, depth: 2), in: &builder)
        let start = builder.parameters()
        let (batch, size) = (4, 40)
        let labels = (0..<batch * size * size).map { index in
            let (image, row, column) = (index / (size * size), index / size % size - 20, index % size - 18)
            return row * row + column * column < (8 + image) * (8 + image) ? 1 : 0
        }
        let noise = Tensor(random: [labels.count], seed: seed + 10)
        let pixels = labels.enumerated().map { Float($1) + 0.5 * noise[$0] }
        let images = Tensor(pixels, shape: [batch, size, size, 1])
        func losses() -> [Float] {
            var (parameters, optimizer) = (start, optimizer.rule)
            return (0..<50).map { _ in
                let (value, gradient) = valueAndGradient(at: &parameters) { tape in
                    crossEntropy(network(tape.constant(images)), labels: labels)
                }
                optimizer.update(&parameters, along: gradient)
                return value
            }
        }
        let own = losses()
        let columns = ConvolutionGeometry.$forcedLowering.withValue(ColumnLowering()) { losses() }
        let difference = zip(own, columns).map { abs($0 - $1) }.max()!
        #expect(own.last! < own[0] / 4)
        #expect(difference > 0 && difference < 1e-3)
    }

    private func learnsAsFast(name: String, optimizer: any Optimizer) throws {
        var (parameters, optimizer) = (parameters, optimizer)
        var losses: [Float] = []
        for _ in 0..<10 {
            let (value, gradient) = valueAndGradient(at: &parameters, of: loss)
            optimizer.update(&parameters, along: gradient)
            losses.append(value)
        }
        let expected = fixture.part(under: "\(name).")
        #expect(difference(Tensor(losses), try expected.tensor("losses", shape: [10]), relative: 2e-5) == nil)
        for slot in parameters.slots where slot.role == .statistic {
            let statistics = try expected.tensor(slot.name, shape: slot.shape)
            #expect(
                difference(parameters[slot], statistics, relative: 1e-4, absolute: 1e-4 * largest(statistics)) == nil,
                "\(slot.name)")
        }
        let inference = evaluate(parameters) { network($0.constant(images)) }
        let scores = channelsLast(try expected.tensor("inference", shape: [2, 3, 32, 48]))
        #expect(difference(inference, scores, relative: 0, absolute: 1e-4 * largest(scores)) == nil)
    }
}
