import Testing
import _TestSupport

@testable import Tensor

@Suite struct ParametersSafetensorsTests {
    private func parameters(seed: UInt64, outputs: Int = 3) -> Parameters {
        var builder = ParameterBuilder(generator: SeededGenerator(seed: seed))
        let draw = Initializer.uniform(bound: 1)
        _ = builder.add("conv.weight", shape: [3, 5, 2, 4], layout: .convolution, initializer: draw)
        _ = builder.add("norm.weight", shape: [4], initializer: draw)
        _ = builder.add("norm.running_mean", shape: [4], role: .statistic, initializer: draw)
        _ = builder.add("norm.running_var", shape: [4], role: .statistic, initializer: draw)
        _ = builder.add("up.weight", shape: [2, 3, 4, 5], layout: .transposedConvolution, initializer: draw)
        _ = builder.add("head.weight", shape: [4, outputs], layout: .linear, initializer: draw)
        return builder.parameters()
    }

    @Test func writesTheLayoutOfPyTorch() throws {
        let parameters = parameters(seed: 1)
        let file = parameters.safetensors(metadata: ["spacing": "1.37"])
        #expect(file.metadata == ["format": "pt", "spacing": "1.37"])
        #expect(file.integers == ["norm.num_batches_tracked": .init(0)])
        #expect(file.tensors.count == 6)

        let weight = parameters[try #require(parameters.slot(named: "conv.weight"))]
        let exported = try file.tensor("conv.weight", shape: [4, 2, 3, 5])
        let up = parameters[try #require(parameters.slot(named: "up.weight"))]
        let exportedUp = try file.tensor("up.weight", shape: [5, 4, 2, 3])
        for h in 0..<2 {
            for w in 0..<3 {
                for a in 0..<2 {
                    for b in 0..<4 {
                        #expect(exported[b, a, h, w] == weight[h, w, a, b])
                        #expect(exportedUp[a, b, h, w] == up[h, w, b, a])
                    }
                }
            }
        }
        let head = parameters[try #require(parameters.slot(named: "head.weight"))]
        let exportedHead = try file.tensor("head.weight", shape: [3, 4])
        #expect(exportedHead[2, 1] == head[1, 2])
    }

    @Test func loadsWhatItWroteBitForBit() throws {
        let source = parameters(seed: 1)
        var target = parameters(seed: 2)
        #expect(source.vector != target.vector)
        let transfer = try target.load(Safetensors(data: source.safetensors().data))
        #expect(target.vector.bits == source.vector.bits)
        #expect(transfer.loaded == source.slots.map(\.name))
        #expect(transfer.missing.isEmpty && transfer.unexpected.isEmpty)
    }

    @Test func reportsWhatIsMissingAndWhatIsUnused() throws {
        let source = parameters(seed: 1)
        var target = parameters(seed: 2)
        var file = source.safetensors(including: { !$0.name.hasPrefix("head") })
        file.tensors["classifier.weight"] = Tensor([1])
        file.integers["epoch"] = .init(4)
        let before = target
        let transfer = try target.load(file)
        #expect(transfer.missing == ["head.weight"])
        #expect(transfer.unexpected == ["classifier.weight", "epoch"])
        #expect(transfer.loaded.count == 5)
        let head = try #require(target.slot(named: "head.weight"))
        #expect(target[head] == before[head])
    }

    @Test func refusesAnotherShapeAndChangesNothing() throws {
        let source = parameters(seed: 1, outputs: 7)
        var target = parameters(seed: 2)
        let before = target
        let expected = WeightsError.mismatch(
            file: "this value", tensor: "head.weight", field: "shape", expected: "[3, 4]", found: "[7, 4]")
        #expect(throws: expected) { try target.load(source.safetensors()) }
        #expect(target == before)

        var file = parameters(seed: 1).safetensors()
        file.tensors["norm.weight"] = nil
        file.integers["norm.weight"] = .init([1, 2, 3, 4], shape: [4])
        #expect(throws: WeightsError.self) { try target.load(file) }
        #expect(target == before)
    }
}
