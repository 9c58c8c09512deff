import Contrastive
import Tensor
import Testing
import UNet
import _TestSupport

@testable import Experiments

/// What single methods promise about their parts.
@Suite struct MethodPartsTests {
    private func made<Method: PretrainingMethod>(
        _ type: Method.Type, _ settings: PretrainingSettings
    ) -> (method: Method, parameters: Parameters) {
        var builder = ParameterBuilder(generator: SeededGenerator(seed: 1))
        let encoder = UNet.Encoder(UNet.Configuration(width: settings.width), in: &builder)
        let method = Method(settings, behind: encoder, in: &builder)
        return (method, builder.parameters())
    }

    @Test func rotationIsNotInTheViewsWhoseRotationIsToBeTold() {
        var settings = SyntheticPretraining.settings("fedRotation")
        for strength in PretrainingSettings.AugmentationStrength.allCases {
            settings.augmentation = strength
            let views = made(FedRotation.self, settings).method.views
            #expect(views.rotation == 0 && !views.mirrors)
            #expect(views.scale == settings.views.scale && views.noise == settings.views.noise)
        }
    }

    @Test func theTargetMovesByItsAverageAlone() throws {
        var (method, main) = made(FedBYOL.self, SyntheticPretraining.settings("fedBYOL"))
        method.beginRound(&main, others: [])
        #expect(method.target?.parameters == main)
        let before = main.vector
        main.vector.add(Tensor(repeating: 1, shape: main.vector.shape))
        var generator = SeededGenerator(seed: 2)
        let batch = SliceBatch(images: Tensor(random: [4, 16, 16, 1], seed: 3), partitions: [0, 1, 2, 3])
        _ = valueAndGradient(at: &main) { method.loss(of: batch, on: $0, using: &generator).value }
        #expect(method.target?.parameters.vector == before)
        method.follow(&main)
        let expected = zip(before.elements, main.vector.elements).map { 0.99 * Double($0) + 0.01 * Double($1) }
        let target = try #require(method.target?.parameters.vector)
        #expect(difference(target, expected, relative: 1e-5, absolute: 1e-5) == nil)
    }

    @Test func prototypesAreUnitVectorsFromTheBeginningOfARoundOn() throws {
        var (method, main) = made(FedSwAV.self, SyntheticPretraining.settings("fedSwAV"))
        let slot = try #require(main.slot(named: "head.prototypes.weight"))
        func areUnit() -> Bool {
            (0..<slot.shape[0]).allSatisfy { abs(main[slot].rows($0..<$0 + 1).norm - 1) < 1e-5 }
        }
        #expect(!areUnit())
        method.beginRound(&main, others: [])
        #expect(areUnit())
        main.vector.add(Tensor(repeating: 1, shape: main.vector.shape))
        method.follow(&main)
        #expect(areUnit())
    }

    @Test func keysWithoutAMomentumEncoderAreThoseOfMomentumZero() throws {
        // One step: afterwards an average with momentum 0 differs from its model by rounding.
        func loss(_ change: (inout PretrainingSettings) -> Void) throws -> Float {
            var settings = SyntheticPretraining.settings("fcl")
            change(&settings)
            let library = SyntheticPretraining(settings).cohort.libraries[0]
            var (method, main) = made(FCL.self, settings)
            method.settle(at: library)
            var generator = SeededGenerator(seed: 2)
            _ = try method.refill(from: library, by: main, using: &generator)
            method.beginRound(&main, others: [])
            let batch = library.batch(library.epoch(.balanced, volumes: 2, using: &generator)[0])
            return valueAndGradient(at: &main) { method.loss(of: batch, on: $0, using: &generator).value }.value
        }
        #expect(try loss { $0.momentumEncoder = false } == loss { $0.momentum = 0 })
    }

    @Test func randomBatchesAreAsManyAndAsLargeAndHaveNoSliceTwice() {
        let library = SyntheticPretraining(SyntheticPretraining.settings("fcl")).cohort.libraries[0]
        var generator = SeededGenerator(seed: 5)
        let balanced = library.epoch(.balanced, volumes: 2, using: &generator)
        let random = library.epoch(.random, volumes: 2, using: &generator)
        #expect(random.map(\.count) == balanced.map(\.count))
        for batch in random { #expect(Set(batch).count == batch.count) }
        #expect(Set(random.flatMap { $0 }).count > balanced[0].count)
    }
}
