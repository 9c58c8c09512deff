import Testing
import _TestSupport

@testable import Tensor

@Suite struct ParametersTests {
    private func build(seed: UInt64, outputs: Int = 2) -> Parameters {
        var builder = ParameterBuilder(generator: SeededGenerator(seed: seed))
        builder.scope("encoder") { builder in
            _ = builder.add("weight", shape: [2, 3], initializer: .heNormal(fanIn: 2))
            _ = builder.scope("norm") { builder in
                builder.add("mean", shape: [3], role: .statistic, initializer: .constant(0.5))
            }
        }
        _ = builder.add("head.weight", shape: [3, outputs], initializer: .xavierUniform(fanIn: 3, fanOut: outputs))
        _ = builder.add("count", shape: [], role: .statistic, initializer: .constant(4))
        return builder.parameters()
    }

    @Test func slotsAreDisjointAndCoverTheVector() {
        let parameters = build(seed: 1)
        #expect(parameters.slots.map(\.name) == ["encoder.weight", "encoder.norm.mean", "head.weight", "count"])
        #expect(parameters.trainableCount == 12 && parameters.count == 16)
        var visits = Array(repeating: 0, count: parameters.count)
        for slot in parameters.slots {
            let offset = parameters.offset(of: slot)
            for i in offset..<offset + slot.shape.count { visits[i] += 1 }
            #expect((offset < parameters.trainableCount) == (slot.role == .trainable))
        }
        #expect(visits == Array(repeating: 1, count: 16))
    }

    @Test func aSeedDeterminesTheFirstValues() throws {
        #expect(build(seed: 1).vector.bits == build(seed: 1).vector.bits)
        #expect(build(seed: 1).vector != build(seed: 2).vector)
        let parameters = build(seed: 1)
        #expect(parameters[try #require(parameters.slot(named: "encoder.norm.mean"))].elements == [0.5, 0.5, 0.5])
        let head = parameters[try #require(parameters.slot(named: "head.weight"))]
        #expect(head.elements.allSatisfy { abs($0) <= (6 / Float(5)).squareRoot() })
        #expect(parameters.slot(named: "nothing") == nil)
    }

    @Test func initializersHaveTheirSpread() {
        var generator = SeededGenerator(seed: 3)
        let normal = Tensor(Initializer.heNormal(fanIn: 8).values(20_000, using: &generator))
        #expect(abs(normal.mean) < 0.01 && abs(normal.dot(normal) / 20_000 - 0.25) < 0.01)
        let uniform = Tensor(Initializer.uniform(bound: 3).values(20_000, using: &generator))
        #expect(abs(uniform.mean) < 0.05 && abs(uniform.dot(uniform) / 20_000 - 3) < 0.1)
        #expect(uniform.elements.allSatisfy { abs($0) <= 3 })
    }

    @Test func aSlotIsReadAsAViewAndWrittenInPlace() throws {
        var parameters = build(seed: 1)
        let slot = try #require(parameters.slot(named: "head.weight"))
        #expect(parameters[slot].pointer == parameters.vector.pointer + 6)
        let address = parameters.vector.pointer
        parameters[slot] = Tensor(repeating: 9, shape: [3, 2])
        #expect(parameters.vector.pointer == address)
        #expect(parameters.vector.elements[6..<12].allSatisfy { $0 == 9 })
        #expect(parameters.vector.elements[..<6].elementsEqual(build(seed: 1).vector.elements[..<6]))
        parameters.vector.scale(by: 2)
        #expect(parameters.vector.pointer == address)
    }

    @Test func takesWhatFitsAndReportsTheRest() throws {
        let source = build(seed: 1, outputs: 5)
        var target = build(seed: 2)
        let before = target
        let transfer = target.take(from: source)
        #expect(transfer.loaded == ["encoder.weight", "encoder.norm.mean", "count"])
        #expect(transfer.missing == ["head.weight"] && transfer.unexpected == ["head.weight"])
        let (weight, head) = (try #require(target.slot(named: "encoder.weight")), target.slots[2])
        #expect(target[weight] == source[weight] && target[head] == before[head])
        #expect(!target.matches(source) && target.matches(before))
    }

    @Test func refusesEqualNamesAndOtherShapes() async {
        await #expect(processExitsWith: .failure) {
            var builder = ParameterBuilder(generator: SeededGenerator(seed: 1))
            for _ in 0..<2 { _ = builder.add("a", shape: [1], initializer: .constant(0)) }
        }
        await #expect(processExitsWith: .failure) {
            var builder = ParameterBuilder(generator: SeededGenerator(seed: 1))
            let slot = builder.add("a", shape: [1], initializer: .constant(0))
            var parameters = builder.parameters()
            parameters[slot] = Tensor([1, 2])
        }
        await #expect(processExitsWith: .failure) {
            var parameters = Parameters()
            parameters.vector = Tensor([1])
        }
    }
}
