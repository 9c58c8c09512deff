import Foundation
import Testing
import UNet
import _TestSupport

@testable import Tensor

@Suite struct NetworkTests {
    @Test(arguments: [Normalization.Kind.batch, .group(2), .instance])
    func hasTheExtentsItPromises(normalization: Normalization.Kind) {
        var builder = ParameterBuilder(generator: SeededGenerator(seed: 1))
        let configuration = UNet.Configuration(
            inputChannels: 2, classes: 3, width: 4, depth: 2, normalization: normalization, slope: 0.01)
        let network = UNet(configuration, in: &builder)
        let parameters = builder.parameters()
        let images = Tensor(random: [2, 12, 8, 2], seed: 1)
        #expect(evaluate(parameters) { network($0.constant(images)) }.shape == [2, 12, 8, 3])
        var shapes: [Tensor.Shape] = []
        _ = evaluate(parameters) { tape in
            let features = network.encoder.features(tape.constant(images))
            shapes = features.map(\.shape)
            return features[2]
        }
        #expect(shapes == [[2, 12, 8, 4], [2, 6, 4, 8], [2, 3, 2, 16]])
        #expect(network.encoder.outputChannels == 16)
    }

    /// Batches whose upper levels are too large for a cache, with the features of one level or two above the limit.
    @Test(arguments: [(count: 3, size: 512, width: 8), (count: 5, size: 512, width: 8), (count: 2, size: 16, width: 4)])
    func inferenceOfABatchIsThatOfItsImages(count: Int, size: Int, width: Int) {
        var builder = ParameterBuilder(generator: SeededGenerator(seed: 1))
        let network = UNet(UNet.Configuration(classes: 3, width: width, depth: 3), in: &builder)
        let parameters = builder.parameters()
        let images = Tensor(random: [count, size, size, 1], seed: 1)
        let scores = evaluate(parameters) { network($0.constant(images)) }
        let together = evaluate(parameters) { network.scores(from: network.encoder.features($0.constant(images))) }
        #expect(difference(scores, together, absolute: 1e-5) == nil)
        for image in 0..<count {
            let one = evaluate(parameters) { network($0.constant(images.rows(image..<image + 1))) }
            #expect(difference(scores.rows(image..<image + 1), one, absolute: 1e-5) == nil)
        }
    }

    @Test func anEncoderFitsIntoTheWholeNetwork() {
        let configuration = UNet.Configuration(width: 2, depth: 2)
        var builder = ParameterBuilder(generator: SeededGenerator(seed: 1))
        let encoder = UNet.Encoder(configuration, in: &builder)
        let trained = builder.parameters()
        builder = ParameterBuilder(generator: SeededGenerator(seed: 2))
        let network = UNet(configuration, in: &builder)
        var parameters = builder.parameters()
        let transfer = parameters.take(from: trained)
        #expect(transfer.loaded == trained.slots.map(\.name) && transfer.unexpected.isEmpty)
        #expect(transfer.missing.allSatisfy { $0.hasPrefix("up") || $0.hasPrefix("outc") })
        let images = Tensor(random: [1, 8, 8, 1], seed: 1)
        let alone = evaluate(trained) { encoder($0.constant(images)) }
        #expect(evaluate(parameters) { network.encoder($0.constant(images)) } == alone)
    }

    @Test func theDerivativeIsThatOfFiniteDifferences() {
        // Smooth but for the poolings: a slope of 1 is no rectifier.
        var builder = ParameterBuilder(generator: SeededGenerator(seed: 1))
        let network = UNet(
            UNet.Configuration(classes: 2, width: 2, depth: 1, normalization: .group(1), slope: 1), in: &builder)
        let parameters = builder.parameters()
        let images = Tensor(random: [1, 6, 4, 1], seed: 2)
        let error = gradientError(at: [images], parameters: parameters, step: 0.001) { network($0[0]) }
        #expect(error < 1e-2)
    }

    @Test func refusesExtentsThatCannotBeHalved() async {
        await #expect(processExitsWith: .failure) {
            var builder = ParameterBuilder(generator: SeededGenerator(seed: 1))
            let network = UNet(UNet.Configuration(width: 2, depth: 2), in: &builder)
            _ = evaluate(builder.parameters()) { network($0.constant(Tensor(zeros: [1, 8, 6, 1]))) }
        }
    }

    /// Two steps of training need the same memory, and nothing stays behind.
    @Test func theSecondStepAsksTheSystemForNoMemory() async {
        await #expect(processExitsWith: .success) {
            var builder = ParameterBuilder(generator: SeededGenerator(seed: 1))
            let network = UNet(UNet.Configuration(width: 4, depth: 3), in: &builder)
            var parameters = builder.parameters()
            var optimizer = SGD(learningRate: 0.1, momentum: 0.9)
            let images = Tensor(random: [2, 16, 16, 1], seed: 1)
            let labels = (0..<512).map { $0 % 4 }
            func step() -> Float {
                let (loss, gradient) = valueAndGradient(at: &parameters) { tape in
                    crossEntropy(network(tape.constant(images)), labels: labels)
                }
                optimizer.update(&parameters, along: gradient)
                return loss
            }
            // On several threads the order of requests is not always the same.
            Parallel.$threadLimit.withValue(1) {
                let first = step()
                let before = BufferPool.shared.statistics
                let address = parameters.vector.pointer
                let second = step()
                let after = BufferPool.shared.statistics
                #expect(after.misses == before.misses && after.hits > before.hits)
                #expect(after.liveBytes == before.liveBytes && after.peakBytes == before.peakBytes)
                #expect(parameters.vector.pointer == address)
                #expect(second < first)
            }
        }
    }

    @Test func trainingHasTheSameBitsOnAnyNumberOfThreads() {
        func train(threads: Int?) -> [UInt32] {
            Parallel.$threadLimit.withValue(threads) {
                var builder = ParameterBuilder(generator: SeededGenerator(seed: 1))
                let network = UNet(UNet.Configuration(width: 3, depth: 2), in: &builder)
                var parameters = builder.parameters()
                var optimizer = Adam()
                let images = Tensor(random: [2, 32, 24, 1], seed: 1)
                let labels = (0..<2 * 32 * 24).map { $0 % 4 }
                for _ in 0..<2 {
                    let (_, gradient) = valueAndGradient(at: &parameters) { tape in
                        crossEntropy(network(tape.constant(images)), labels: labels)
                    }
                    optimizer.update(&parameters, along: gradient)
                }
                return parameters.vector.bits
            }
        }
        let alone = train(threads: 1)
        #expect(train(threads: 2) == alone && train(threads: nil) == alone)
        // More threads than any test machine has cores.
        Parallel.$pool.withValue(WorkerPool.sixteen) { #expect(train(threads: 16) == alone) }
    }

    @Test func descriptionsAreStoredAndReadBack() throws {
        let configuration = UNet.Configuration(classes: 3, normalization: .group(4), slope: 0.01)
        #expect(configuration.divisor == 16 && configuration.channels(level: 2) == 64)
        let stored = try JSONEncoder().encode(configuration)
        #expect(try JSONDecoder().decode(UNet.Configuration.self, from: stored) == configuration)
    }
}

extension WorkerPool {
    fileprivate static let sixteen = WorkerPool(workers: 15)
}
