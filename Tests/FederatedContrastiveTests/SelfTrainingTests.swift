import Federation
import Foundation
import Segmentation
import Tensor
import Testing
import UNet
import Volumes
import _TestSupport

@testable import FederatedContrastive

@Suite struct SelfTrainingTests {
    private static let patients = (1...8).map { "q\($0)" }

    private static var plan: FineTuningPlan {
        var plan = SyntheticCases.plan
        (plan.rounds, plan.localEpochs, plan.unlabelled) = (20, 2, true)
        return plan
    }

    private func model() throws -> SegmentationModel {
        try InitialWeights("random").model(
            width: 2, preprocessing: SyntheticCases.preprocessing, classes: SyntheticCases.classes, seed: 5)
    }

    /// A model that finds the discs, and one patient's images to learn from; the other patients' have no labels.
    private func trained() async throws -> SegmentationModel {
        var plan = Self.plan
        (plan.rounds, plan.unlabelled) = (40, false)
        let cases = SyntheticCases.make(Self.patients)
        return try await model().fineTuned(at: [Self.patients.flatMap { cases[$0]! }], plan: plan)
    }

    private func site(plan: FineTuningPlan = plan) throws -> FineTuningSite {
        let cases = SyntheticCases.make(Self.patients)
        return FineTuningSite(
            index: 0, slices: LabelledSlices(cases["q1"]!),
            unlabelled: Self.patients.dropFirst().flatMap { cases[$0]! }.map(\.volume), model: try model(), plan: plan,
            seed: 1)
    }

    private func hasTeacher(_ site: FineTuningSite) async -> Bool {
        await site.state.tensors.keys.contains { $0.hasPrefix("student.teacher.") }
    }

    @Test func theScheduleBeginsSupervisedAndLabelsNowAndThen() {
        let schedule = SelfTraining(rounds: 60)
        #expect(schedule.firstRound == 25)
        #expect((1...34).filter(schedule.isLabeling) == [25, 29, 33])
        #expect(schedule.weight(24) == 0 && schedule.weight(30) == 0.5 && schedule.weight(36) == 1)
        #expect(schedule.weight(60) == 1)
        #expect((1...1).filter(SelfTraining(rounds: 1).isLabeling).isEmpty)
    }

    @Test func aGoodTeacherLabelsWellAndLeavesOutWhatItDoesNotKnow() async throws {
        let cases = SyntheticCases.make(Self.patients)
        let volumes = Self.patients.map { cases[$0]![0].volume }
        let labels = try await PseudoLabels(of: volumes, by: trained())
        #expect(labels.slices.count > 12)
        var (right, wrong, unsure) = (0, 0, 0)
        for (volume, own) in zip(volumes, labels.labels) {
            for (truth, label) in zip(volume.labels!, own) {
                if label == SegmentationLoss.unlabelled {
                    unsure += 1
                } else if label == truth {
                    right += 1
                } else {
                    wrong += 1
                }
            }
        }
        #expect(unsure > 0 && unsure < right / 4)
        #expect(wrong < right / 50)
        #expect(labels.confidence > 0.8)
        #expect(labels.arePlausible(after: nil, labelledVolume: PreparedVolume.meanLabelledVolume(of: volumes)))
    }

    @Test func implausibleLabelsAreRefused() {
        func labels(confidence: Double, volume: Double, slices: Int = 1) -> PseudoLabels {
            PseudoLabels(
                labels: [], slices: .init(repeating: .init(volume: 0, index: 0, position: 0.5), count: slices),
                confidence: confidence, volume: volume)
        }
        let good = labels(confidence: 0.9, volume: 100)
        #expect(good.arePlausible(after: nil, labelledVolume: 120))
        #expect(good.arePlausible(after: labels(confidence: 0.92, volume: 90), labelledVolume: 120))
        #expect(!good.arePlausible(after: labels(confidence: 0.94, volume: 90), labelledVolume: 120))
        #expect(!good.arePlausible(after: nil, labelledVolume: 301))
        #expect(!good.arePlausible(after: nil, labelledVolume: 33))
        #expect(!good.arePlausible(after: nil, labelledVolume: 0))
        #expect(!labels(confidence: .nan, volume: 100).arePlausible(after: nil, labelledVolume: 100))
        #expect(!labels(confidence: 0.9, volume: 100, slices: 0).arePlausible(after: nil, labelledVolume: 100))
    }

    /// A teacher that sees no discs, or discs everywhere, teaches nothing: the site trains as if it had no images
    /// without labels, to the last bit.
    @Test(arguments: [-20, 20] as [Float])
    func aBadTeacherIsNotBelieved(bias: Float) async throws {
        var bad = try await trained()
        let slot = try #require(bad.parameters.slot(named: "outc.conv.bias"))
        bad.parameters[slot] = Tensor([0, bias])
        var supervised = Self.plan
        supervised.unlabelled = false
        let (first, second) = (try site(), try site(plan: supervised))
        for round in 1...12 {
            let update = try await first.train(from: bad.parameters, round: round, features: [])
            #expect(try await second.train(from: bad.parameters, round: round, features: []) == update)
        }
        #expect(await !hasTeacher(first))
    }

    @Test func onlyWeightsLeaveTheSite() async throws {
        let good = try await trained()
        let site = try site()
        for round in 1...12 {
            let update = try await site.train(from: good.parameters, round: round, features: [])
            #expect(Set(update.metrics.keys) == [.loss, .learningRate])
            #expect(update.parameters.slots == good.parameters.slots)
            // The three annotated slices; how many others there are stays at the site.
            #expect(update.sampleCount == 3)
            #expect(await site.shareFeatures(of: good.parameters, round: round) == nil)
        }
        #expect(await hasTeacher(site))
    }

    @Test func aTeacherChangesWhatIsLearnt() async throws {
        let good = try await trained()
        var supervised = Self.plan
        supervised.unlabelled = false
        let (first, second) = (try site(), try site(plan: supervised))
        for round in 1...9 {
            let update = try await first.train(from: good.parameters, round: round, features: [])
            let other = try await second.train(from: good.parameters, round: round, features: [])
            // Supervised for two fifths of the rounds.
            #expect((update.parameters == other.parameters) == (round <= 8), "round \(round)")
        }
    }

    @Test func labelsOfTheImagesWithoutLabelsAreNotLookedAt() async throws {
        let good = try await trained()
        let cases = SyntheticCases.make(Self.patients)
        let unlabelled = Self.patients.dropFirst().flatMap { cases[$0]! }.map(\.volume)
        var updates: [LocalUpdate] = []
        for isWrong in [false, true] {
            let site = FineTuningSite(
                index: 0, slices: LabelledSlices(cases["q1"]!),
                unlabelled: unlabelled.map { volume in
                    var volume = volume
                    if isWrong { volume.labels = volume.labels!.map { 1 - $0 } }
                    return volume
                }, model: try model(), plan: Self.plan, seed: 1)
            for round in 1...9 {
                let update = try await site.train(from: good.parameters, round: round, features: [])
                if round == 9 { updates.append(update) }
            }
        }
        #expect(updates[0] == updates[1])
    }

    @Test func anExchangedBoxTakesItsLabelsAlong() {
        var generator = SeededGenerator(seed: 2)
        let labels = (0..<2 * 144).map { UInt8($0 % 251) }
        let images = Tensor(labels.map(Float.init), shape: [2, 12, 12, 1])
        var sides = Set<Int>()
        for _ in 0..<20 {
            let box = SliceMixing(size: 12, using: &generator)
            sides.insert(box.row)
            var (mixed, own) = (images, labels)
            box.exchange(0, 1, in: &mixed, labels: &own)
            #expect(mixed.elements == own.map(Float.init))
            #expect(zip(own, labels).count { $0 != $1 } == 2 * 8 * 8)
            box.exchange(0, 1, in: &mixed, labels: &own)
            #expect(own == labels)
        }
        #expect(sides.count > 2)
    }
}
