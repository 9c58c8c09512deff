import Tensor
import UNet

// Pre-training knows the encoder alone …
let configuration = UNet.Configuration(inputChannels: 1, classes: 4, width: 4)
var small = ParameterBuilder(generator: SeededGenerator(seed: 1))
_ = UNet.Encoder(configuration, in: &small)
let pretrained = small.parameters()

// … which a fresh U-Net takes over by the names of its slots.
var builder = ParameterBuilder(generator: SeededGenerator(seed: 2))
let network = UNet(configuration, in: &builder)
var parameters = builder.parameters()
let transfer = parameters.take(from: pretrained)
precondition(transfer.loaded.count == pretrained.slots.count && transfer.unexpected.isEmpty)
print("loaded \(transfer.loaded.count), fresh \(transfer.missing.count)")

let images = Tensor(zeros: [1, 32, 32, 1])
print(evaluate(parameters) { tape in network(tape.constant(images)) }.shape)
