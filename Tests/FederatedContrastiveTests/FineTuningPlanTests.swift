import Tensor
import Testing
import Volumes

@testable import FederatedContrastive

@Suite struct FineTuningPlanTests {
    @Test func stepsAreTheSameHoweverManySlicesASiteHas() {
        var plan = FineTuningPlan()
        (plan.steps, plan.stepsPerRound) = (25, 10)
        #expect(plan.roundCount == 3)
        for batches in [1, 2, 40] {
            #expect((1...3).map { plan.steps(ofRound: $0, batches: batches) } == [0..<10, 10..<20, 20..<25])
            #expect(plan.totalSteps(batches: batches) == 25)
        }
        (plan.rounds, plan.localEpochs) = (4, 2)
        #expect(plan.roundCount == 4)
        #expect(plan.steps(ofRound: 3, batches: 5) == 20..<30)
        #expect(plan.totalSteps(batches: 5) == 40)
    }

    @Test func theAverageIsTheMeanOfFewRoundsAndExponentialAfterwards() throws {
        var plan = FineTuningPlan()
        (plan.steps, plan.stepsPerRound, plan.averaging) = (120, 10, 0.75)
        var builder = ParameterBuilder(generator: SeededGenerator(seed: 1))
        _ = Linear(inputs: 2, outputs: 1, name: "l", in: &builder)
        var parameters = builder.parameters()
        var average = WeightAverage(plan, after: 0.5)
        var (values, resumed): ([Float?], WeightAverage) = ([], average)
        for round in 1...12 {
            parameters.vector = Tensor(repeating: Float(round - 6), shape: parameters.vector.shape)
            average.add(parameters, round: round)
            values.append(average.value?.vector.elements[0])
            // An average that is saved and restored goes on with the same bits.
            var copy = WeightAverage(plan, after: 0.5)
            try copy.restore(resumed.state, like: parameters)
            copy.add(parameters, round: round)
            resumed = copy
            #expect(resumed.value == average.value)
        }
        #expect(values[..<6].allSatisfy { $0 == nil })
        for (value, expected) in zip(values[6...], [1, 1.5, 2, 2.5, 3.125, 3.84375] as [Float]) {
            #expect(abs(try #require(value) - expected) < 1e-5)
        }
        plan.averaging = 0
        var none = WeightAverage(plan, after: 0.5)
        none.add(parameters, round: 12)
        #expect(none.value == nil)
    }

    @Test func namesTheSettingThatIsOutOfRange() {
        let damages: [(String, (inout FineTuningPlan) -> Void)] = [
            ("steps ", { $0.steps = 0 }), ("stepsPerRound ", { $0.stepsPerRound = -1 }),
            ("rounds ", { $0.rounds = 0 }), ("averaging ", { $0.averaging = 1 }),
            ("averaging ", { $0.averaging = .nan }),
        ]
        for (name, damage) in damages {
            var plan = FineTuningPlan()
            damage(&plan)
            #expect { try plan.validate() } throws: { "\($0)".contains(name + "is") }
        }
    }

    /// A batch of one slice has no batch statistics where the network has one pixel.
    @Test func noBatchHasASingleSlice() {
        for count in 1...9 {
            let grid = PreparedVolume.Grid(
                native: Volume.Extent(x: 16, y: 16, slices: count),
                nativeSpacing: Volume.Spacing(x: 1, y: 1, slice: 5), spacing: 1, size: 16)
            var volume = PreparedVolume(pixels: [Float](repeating: 0, count: count * 256), grid: grid)
            volume.labels = [UInt8](repeating: 0, count: count * 256)
            let reference = Volume(
                extent: grid.native, spacing: grid.nativeSpacing, voxels: [Float](repeating: 0, count: count * 256))
            let slices = LabelledSlices([
                LabelledCase(patient: "p", frame: "ED", volume: volume) { () throws(VolumesError) in reference }
            ])
            for size in 2...8 {
                var generator = SeededGenerator(seed: 1)
                let batches = slices.epoch(batchSize: size, using: &generator)
                #expect(batches.count == slices.steps(batchSize: size))
                #expect(batches.allSatisfy { $0.count >= 2 }, "\(count) slices in batches of \(size)")
                #expect(Set(batches.joined()) == Set(0..<count))
            }
        }
    }
}
