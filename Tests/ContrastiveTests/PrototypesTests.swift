import Contrastive
import Tensor
import Testing
import _TestSupport

@Suite struct PrototypesTests {
    private func model() -> (Prototypes, Parameters) {
        var builder = ParameterBuilder(generator: SeededGenerator(seed: 1))
        _ = builder.add("before", shape: [3], initializer: .constant(2))
        let prototypes = Prototypes(count: 5, dimension: 4, in: &builder)
        _ = builder.add("after", shape: [3], initializer: .constant(3))
        return (prototypes, builder.parameters())
    }

    @Test func areOneTrainableSlotOfTheHead() {
        let (prototypes, parameters) = model()
        #expect(prototypes.weight.name == "head.prototypes.weight" && prototypes.weight.shape == [5, 4])
        #expect(parameters.slot(named: "head.prototypes.weight")?.role == .trainable)
    }

    @Test func becomeUnitVectorsOfTheSameDirectionsAndNothingElseChanges() {
        var (prototypes, parameters) = model()
        let before = parameters
        prototypes.normalize(&parameters)
        let (old, new) = (LossOracle.rows(before[prototypes.weight]), LossOracle.rows(parameters[prototypes.weight]))
        for (old, new) in zip(old, new) {
            #expect(abs(LossOracle.dot(new, new) - 1) < 1e-6)
            #expect(abs(LossOracle.cosine(old, new) - 1) < 1e-6)
        }
        for name in ["before", "after"] {
            let slot = parameters.slot(named: name)!
            #expect(parameters[slot] == before[slot])
        }
    }

    @Test func anAverageOfThemIsMadeOfUnitLengthAgain() {
        // What the server does: the mean of two sites' weights is shorter than 1.
        var (prototypes, parameters) = model()
        prototypes.normalize(&parameters)
        var other = parameters
        var turned = parameters[prototypes.weight].elements
        turned.swapAt(0, 1)
        other[prototypes.weight] = Tensor(turned, shape: [5, 4])
        parameters.vector.interpolate(toward: other.vector, by: 0.5)
        #expect(parameters[prototypes.weight].rows(0..<1).norm < 0.999)
        prototypes.normalize(&parameters)
        #expect(abs(parameters[prototypes.weight].rows(0..<1).norm - 1) < 1e-6)
    }

    @Test func scoresAreInnerProducts() {
        let (prototypes, parameters) = model()
        let x = Tensor(random: [3, 4], seed: 2)
        let scores = evaluate(parameters) { prototypes($0.constant(x)) }
        let weight = LossOracle.rows(parameters[prototypes.weight])
        let expected = LossOracle.rows(x).flatMap { row in weight.map { LossOracle.dot(row, $0) } }
        #expect(difference(scores, expected) == nil)
    }
}
