import Tensor
import UNet

/// The inference of a U-Net: the class scores of a batch, normalized with running statistics.
package struct UNetInference: Workload {
    private let network: UNet
    private let parameters: Parameters
    private let images: Tensor

    package let operations: Int

    package init(_ extents: Extents) {
        var builder = ParameterBuilder(generator: SeededGenerator(seed: 1))
        network = UNet(UNet.Configuration(classes: 4, width: extents.width), in: &builder)
        parameters = builder.parameters()
        images = extents.images(seed: 2)
        operations = (ConvolutionGeometry.encoder(extents) + ConvolutionGeometry.decoder(extents)).forwardOperations
    }

    package func run() {
        _ = evaluate(parameters) { tape in network(tape.constant(images)) }
    }
}
