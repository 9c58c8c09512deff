import Contrastive
import Tensor
import Testing
import UNet
import _TestSupport

@testable import FederatedContrastive

/// What single methods promise about their parts.
@Suite struct MethodPartsTests {
    private func made<Method: PretrainingMethod>(
        _ type: Method.Type, _ settings: PretrainingSettings
    ) -> (method: Method, parameters: Parameters, site: Site) {
        var builder = ParameterBuilder(generator: SeededGenerator(seed: 1))
        let encoder = UNet.Encoder(UNet.Configuration(width: settings.width), in: &builder)
        let method = Method(settings, encoder: encoder, in: &builder)
        let library = SyntheticPretraining(settings).cohort.libraries[0]
        return (method, builder.parameters(), Site(index: 0, slices: library, settings: settings))
    }

    @Test func rotationIsNotInTheViewsWhoseRotationIsToBeTold() {
        var settings = SyntheticPretraining.settings("fedRotation")
        for strength in AugmentationStrength.allCases {
            settings.augmentation = strength
            let views = made(FedRotation.self, settings).method.views
            #expect(views.rotation == 0 && !views.mirrors)
            #expect(views.scale == settings.views.scale && views.noise == settings.views.noise)
        }
    }

    /// With a momentum of 1 the target stays at the global model, with 0 it is the model in training: both give other
    /// encoders than the default.
    @Test func theTargetMovesByItsAverageAlone() throws {
        var weights: Set<[Float]> = []
        for momentum in [0, 0.99, 1] as [Float] {
            var settings = SyntheticPretraining.settings("fedBYOL")
            settings.momentum = momentum
            var (method, parameters, site) = made(FedBYOL.self, settings)
            weights.insert(try method.train(from: parameters, at: &site, round: 1, others: []).parameters.encoder)
            parameters = Parameters()
        }
        #expect(weights.count == 3)
    }

    @Test func prototypesAreUnitVectorsAfterARound() throws {
        var (method, parameters, site) = made(FedSwAV.self, SyntheticPretraining.settings("fedSwAV"))
        let slot = try #require(parameters.slot(named: "head.prototypes.weight"))
        func areUnit(_ parameters: Parameters) -> Bool {
            parameters[slot].rowNorms().allSatisfy { abs($0 - 1) < 1e-5 }
        }
        #expect(!areUnit(parameters))
        let update = try method.train(from: parameters, at: &site, round: 1, others: [])
        #expect(areUnit(update.parameters))
        // Two views of every slice of a batch enter the queue after the step.
        #expect(site.bank.count == site.bank.capacity)
        parameters = update.parameters
    }

    @Test func keysWithoutAMomentumEncoderAreThoseOfMomentumZero() throws {
        // One step: afterwards an average with momentum 0 differs from its model by rounding.
        func loss(_ change: (inout PretrainingSettings) -> Void) throws -> Double? {
            var settings = SyntheticPretraining.settings("fcl")
            settings.batchVolumes = 2
            change(&settings)
            var (method, parameters, site) = made(FCL.self, settings)
            var generator = SeededGenerator(seed: 2)
            _ = try method.beginRound(at: &site, from: parameters, using: &generator)
            parameters = try method.train(from: parameters, at: &site, round: 1, others: []).parameters
            return parameters.vector.sum
        }
        #expect(try loss { $0.momentumEncoder = false } == loss { $0.momentum = 0 })
        #expect(try loss { $0.momentumEncoder = false } != loss { $0.momentum = 0.9 })
    }

    /// The bank is refreshed with the global encoder, and the keys of every step enter it.
    @Test func fclKeepsItsBankFullOfKeys() throws {
        var (method, parameters, site) = made(FCL.self, SyntheticPretraining.settings("fcl"))
        var generator = SeededGenerator(seed: 2)
        let shared = try #require(try method.beginRound(at: &site, from: parameters, using: &generator))
        #expect(shared.count == site.slices.count && site.bank.contents == shared)
        let update = try method.train(from: parameters, at: &site, round: 1, others: [])
        #expect(site.bank.count == shared.count && site.bank.contents != shared)
        #expect(update.sampleCount == site.slices.count && update.client == "client-1")
        parameters = update.parameters
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
