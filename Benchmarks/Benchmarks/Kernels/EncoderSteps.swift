import Benchmark
import Tensor
import UNet

/// One training step of a U-Net's encoder without the update: forward, and the gradient of the mean feature by all
/// weights. On one thread, and on all.
func registerEncoderSteps() {
    for (width, size) in [(16, 64), (16, 128), (32, 128), (32, 192)] {
        let layers = ConvolutionGeometry.encoder(width: width, size: size)
        // Every layer has two gradients, but nobody asks for the gradient by the image.
        let operations = layers.reduce(0) { $0 + 3 * $1.operations } - layers[0].operations
        for threads in [1, nil] as [Int?] {
            let name =
                "encoder step \(ConvolutionGeometry.batch)×\(size)², width \(width), "
                + (threads.map { "\($0) thread" } ?? "all threads")
            register(name, operations: operations) {
                var builder = ParameterBuilder(generator: SeededGenerator(seed: 1))
                let encoder = UNet.Encoder(UNet.Configuration(width: width), in: &builder)
                var parameters = builder.parameters()
                var generator = SeededGenerator(seed: 2)
                let shape = layers[0].input
                let images = Tensor((0..<shape.count).map { _ in generator.normal() }, shape: shape)
                return { stopwatch in
                    Parallel.$threadLimit.withValue(threads) {
                        stopwatch.measure {
                            _ = valueAndGradient(at: &parameters) { tape in mean(encoder(tape.constant(images))) }
                        }
                    }
                }
            }
        }
    }
}
