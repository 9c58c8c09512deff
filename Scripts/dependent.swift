import Tensor
import UNet

// What Scripts/dependent builds as somebody else's package; its output must be Scripts/dependent.expected.
let matrix = Tensor([1, 2, 3, 4], shape: [2, 2])
print(matrix.matrixProduct(matrix))

var builder = ParameterBuilder(generator: SeededGenerator(seed: 1))
let network = UNet(UNet.Configuration(inputChannels: 1, classes: 4, width: 4), in: &builder)
let images = Tensor(zeros: [2, 32, 32, 1])
print(evaluate(builder.parameters()) { tape in network(tape.constant(images)) }.shape)
