import Foundation
import Testing
import _TestSupport

@testable import Tensor

/// Operations and their gradients against PyTorch's, from Fixtures/make_operations.py.
@Suite struct OperationTwinTests {
    static let operations: [(String, @Sendable ([Variable]) -> Variable)] = [
        ("add", { $0[0] + $0[1] }),
        ("subtract", { $0[0] - $0[1] }),
        ("multiply", { $0[0] * $0[1] }),
        ("divide", { $0[0] / $0[1] }),
        ("sum", { sum($0[0], axes: [0, 2]) }),
        ("mean", { mean($0[0], axes: [1], keepingAxes: true) }),
        ("variance", { variance($0[0], axes: [1, 2]) }),
        ("maximum", { maximum($0[0], axis: 1) }),
        ("minimum", { minimum($0[0], axis: -1, keepingAxis: true) }),
        ("permute", { permute($0[0], axes: [2, 0, 1]) }),
        ("transpose", { transpose($0[0]) }),
        ("concatenate", { concatenate([$0[0], $0[1]], axis: 1) }),
        ("stack", { stack([$0[0], $0[1]], axis: -1) }),
        ("slice", { slice($0[0], 1..<3, axis: 1) }),
        ("select", { select($0[0].value .> $0[1].value, $0[0] * $0[0], $0[1]) }),
        ("sigmoid", { sigmoid($0[0]) }),
        ("tanh", { tanh($0[0]) }),
        ("gelu", { gelu($0[0]) }),
        ("silu", { silu($0[0]) }),
        ("layer-norm", { layerNorm($0[0], scale: $0[1], shift: $0[2]) }),
        ("nearest", { upsample($0[0], by: 3, method: .nearest) }),
        ("bilinear", { upsample($0[0], by: 3, method: .bilinear) }),
    ]

    private func fixture() throws -> Safetensors {
        let url = Bundle.module.url(forResource: "Fixtures/operations", withExtension: "safetensors")
        return try Safetensors(contentsOf: #require(url))
    }

    @Test(arguments: operations)
    func agreesWithPyTorch(name: String, operation: @Sendable ([Variable]) -> Variable) throws {
        let tensors = try fixture().tensors
        let inputs = (0..<3).compactMap { tensors["\(name).input.\($0)"] }
        let upstream = try #require(tensors["\(name).upstream"])
        var result = Tensor([])
        let (_, gradients) = valueAndGradient(at: inputs) { inputs in
            let y = operation(inputs)
            result = y.value
            return sum(y * y.tape.constant(upstream))
        }
        let expected = try #require(tensors["\(name).result"])
        #expect(difference(result, expected) == nil)
        for (index, gradient) in gradients.enumerated() {
            let expected = try #require(tensors["\(name).gradient.\(index)"])
            #expect(difference(gradient, expected, absolute: 1e-5) == nil, "gradient \(index)")
        }
    }

    @Test func indicesAgreeWithPyTorch() throws {
        let tensors = try fixture().tensors
        let a = try #require(tensors["sum.input.0"])
        #expect(a.argmax(axis: 1).map(Float.init) == tensors["argmax"]?.elements)
        #expect((-a).argmin(axis: 1) == a.argmax(axis: 1))
    }
}
