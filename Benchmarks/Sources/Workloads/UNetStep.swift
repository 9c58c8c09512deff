import Tensor
import UNet

/// The training step of a whole U-Net with four classes: forward pass, per-pixel cross-entropy, backward pass, and one
/// Adam update.
package struct UNetStep: Workload {
    private let network: UNet
    private var parameters: Parameters
    private var optimizer = Adam(learningRate: 1e-3, weightDecay: 1e-4)
    private let images: Tensor
    private let labels: [Int]

    package let operations: Int

    package init(_ extents: Extents) {
        var builder = ParameterBuilder(generator: SeededGenerator(seed: 1))
        network = UNet(UNet.Configuration(classes: 4, width: extents.width), in: &builder)
        parameters = builder.parameters()
        images = extents.images(seed: 2)
        var generator = SeededGenerator(seed: 3)
        labels = (0..<extents.batch * extents.size * extents.size).map { _ in generator.integer(below: 4) }
        let layers = ConvolutionGeometry.encoder(extents) + ConvolutionGeometry.decoder(extents)
        operations = layers.trainingOperations
    }

    package mutating func run() {
        let (network, images, labels) = (network, images, labels)
        let (_, gradient) = valueAndGradient(at: &parameters) { tape in
            crossEntropy(network(tape.constant(images)), labels: labels)
        }
        optimizer.update(&parameters, along: gradient)
    }
}
