import Tensor
import UNet

// A network is a description and one vector: layers name their weights, `parameters` holds all of them.
var builder = ParameterBuilder(generator: SeededGenerator(seed: 1))
let network = UNet(UNet.Configuration(inputChannels: 1, classes: 4, width: 8), in: &builder)
var parameters = builder.parameters()
var average = parameters

// Two images, [batch, height, width, channels], and a class for every pixel.
var generator = SeededGenerator(seed: 2)
let images = Tensor((0..<2 * 64 * 64).map { _ in generator.normal() }, shape: [2, 64, 64, 1])
let labels = images.elements.map { $0 > 0 ? 1 : 0 }

// Plain numbers outside, a tape inside; the gradient is one vector again.
let (loss, gradient) = valueAndGradient(at: &parameters) { tape in
    crossEntropy(network(tape.constant(images)), labels: labels)
}
print("loss \(loss), gradient of \(gradient.count) weights")

// So an exponential moving average, as contrastive learning keeps one, is one line.
average.vector.interpolate(toward: parameters.vector, by: 0.01)

let scores = evaluate(parameters) { tape in network(tape.constant(images)) }
print("scores \(scores.shape)")
