import Testing
import _TestSupport

@testable import Tensor

@Suite struct TapeTests {
    private let x = Tensor([1, 2, 3])

    /// Something whose end can be observed.
    private final class Witness {}

    @Test func contributionsOfSeveralUsesAdd() {
        let (value, gradients) = valueAndGradient(at: [x]) { v in sum(v[0] * v[0] + v[0] * 3 + v[0]) }
        #expect(value == 14 + 18 + 6)
        #expect(gradients[0].elements == [6, 8, 10])
        // The upstream tensor reaches both operands; adding to one must not change the other.
        let (_, twice) = valueAndGradient(at: [x, x]) { v in sum(v[0] + v[1] + v[0]) }
        #expect(twice.map(\.elements) == [[2, 2, 2], [1, 1, 1]])
    }

    @Test func unusedBranchesCostNothing() {
        var pullbacks = 0
        func observed(_ x: Variable) -> Variable {
            x.tape.record(x.value, operands: x.id) { [x = x.id] upstream, adjoints in
                pullbacks += 1
                adjoints.add(upstream, to: x)
            }
        }
        let (_, gradients) = valueAndGradient(at: [x, x]) { v in
            _ = observed(v[1])
            return sum(observed(v[0]))
        }
        #expect(pullbacks == 1)
        #expect(gradients[0].elements == [1, 1, 1] && gradients[1].elements == [0, 0, 0])
    }

    @Test func nothingIsRecordedForConstants() {
        weak var witness: Witness?
        _ = valueAndGradient(at: [x]) { v in
            let constant = v[0].tape.constant(x)
            let held = Witness()
            witness = held
            let result = constant.tape.record(x, operands: constant.id) { _, _ in _ = held }
            #expect(result.id == constant.id)
            return sum(v[0] * result)
        }
        #expect(witness == nil)
        _ = evaluate(Parameters()) { tape in
            let leaf = tape.leaf(x)
            return tape.record(x, operands: leaf.id) { _, _ in Issue.record("nothing to pull back") }
        }
    }

    @Test func theTapeIsGoneAfterwardsEvenIfAPullbackHoldsIt() {
        weak var tape: Tape?
        struct Stop: Error {}
        func observed(_ v: Variable) -> Variable {
            tape = v.tape
            return v.tape.record(v.value, operands: v.id) { upstream, adjoints in adjoints.add(upstream, to: v.id) }
        }
        _ = valueAndGradient(at: [x]) { v in sum(observed(v[0])) }
        #expect(tape == nil)
        #expect(throws: Stop.self) {
            _ = try valueAndGradient(at: [x]) { v in
                _ = observed(v[0])
                throw Stop()
            }
        }
        #expect(tape == nil)
    }

    @Test func pullbacksAreReleasedOnTheWay() {
        // What the last operation captured is gone when the first one is pulled back.
        weak var witness: Witness?
        var wasReleased = false
        _ = valueAndGradient(at: [x]) { v in
            let first = v[0].tape.record(x, operands: v[0].id) { _, _ in wasReleased = witness == nil }
            let held = Witness()
            witness = held
            return sum(
                v[0].tape.record(x, operands: first.id) { [first = first.id] upstream, adjoints in
                    _ = held
                    adjoints.add(upstream, to: first)
                })
        }
        #expect(wasReleased)
    }

    @Test func weightsReceiveTheirGradientInPlace() throws {
        var builder = ParameterBuilder(generator: SeededGenerator(seed: 1))
        let a = builder.add("a", shape: [2], initializer: .constant(2))
        let statistic = builder.add("s", shape: [1], role: .statistic, initializer: .constant(7))
        let b = builder.add("b", shape: [2, 1], initializer: .constant(3))
        _ = builder.add("unused", shape: [3], initializer: .constant(0))
        var parameters = builder.parameters()
        let (value, gradient) = valueAndGradient(at: &parameters) { tape in
            let product = matrixProduct(reshape(tape[a], to: [1, 2]), tape[b])
            tape.update(statistic, to: Tensor([8]))
            return sum(product * product) + sum(tape[a]) + sum(tape[statistic])
        }
        #expect(value == 144 + 4 + 7)
        #expect(gradient.elements == [73, 73, 48, 48, 0, 0, 0])
        #expect(parameters[statistic].elements == [8])
        _ = evaluate(parameters) { tape in
            tape.update(statistic, to: Tensor([9]))
            return tape[statistic]
        }
        #expect(parameters[statistic].elements == [8])
    }

    @Test func refusesALossWithSeveralElements() async {
        await #expect(processExitsWith: .failure) {
            _ = valueAndGradient(at: [Tensor([1, 2])]) { v in v[0] * 2 }
        }
    }
}
