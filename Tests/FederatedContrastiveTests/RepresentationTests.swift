import Foundation
import Tensor
import Testing

@testable import FederatedContrastive

@Suite struct RepresentationTests {
    @Test func isMeasuredEveryFewRoundsAndAtTheEnd() {
        var settings = SyntheticPretraining.settings("fcl")
        (settings.rounds, settings.probeEvery) = (25, 10)
        let synthetic = SyntheticPretraining(settings)
        let representation = Representation(synthetic.model, synthetic.cohort, settings)
        #expect((1...25).filter(representation.isDue) == [10, 20, 25])
        settings.probeEvery = 0
        #expect(!(1...25).contains { Representation(synthetic.model, synthetic.cohort, settings).isDue(after: $0) })
    }

    /// The disc of the synthetic volumes grows from slice to slice: even random features tell the partitions apart.
    @Test func tellsPartitionsApartAndIsTheSameEveryTime() throws {
        let synthetic = SyntheticPretraining(SyntheticPretraining.settings("fcl"))
        let representation = Representation(synthetic.model, synthetic.cohort, synthetic.settings)
        let metrics = try representation.metrics(of: synthetic.model.parameters)
        #expect(try #require(metrics[.partitionNeighbors]) > 0.35)
        #expect(try #require(metrics[.partitionProbe]) > 0.35)
        #expect(try #require(metrics[.uniformity]) < 0)
        #expect(try #require(metrics[.alignment]) > 0)
        #expect(metrics[.diagnosisProbe] == nil, "diagnoses are not known")
        #expect(try representation.metrics(of: synthetic.model.parameters) == metrics)
    }

    /// Weights that are all zero give every slice the same feature.
    @Test func collapsedFeaturesSayNothing() throws {
        let synthetic = SyntheticPretraining(SyntheticPretraining.settings("fcl"))
        let representation = Representation(synthetic.model, synthetic.cohort, synthetic.settings)
        var collapsed = synthetic.model.parameters
        for slot in collapsed.slots where slot.role == .trainable { collapsed[slot] = Tensor(zeros: slot.shape) }
        let metrics = try representation.metrics(of: collapsed)
        #expect(try #require(metrics[.partitionNeighbors]) < 0.5)
        #expect(try #require(metrics[.partitionProbe]) < 0.35)
    }
}
