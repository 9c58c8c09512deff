import Tensor

// Sixteen images of 4 × 4 pixels: noise, and a bright column at the left or at the right.
var generator = SeededGenerator(seed: 1)
let labels = (0..<16).map { $0 % 2 }
let pixels: [Float] = labels.flatMap { label in
    (0..<16).map { pixel in generator.uniform(in: 0...1) + (pixel % 4 == 3 * label ? 1 : 0) }
}
var images = Tensor(pixels, shape: [16, 4, 4, 1])

// Each image gets a mean of zero: axes of size 1 repeat.
images = images - images.mean(axes: [1, 2], keepingAxes: true)

// Layers one after another, with functions in between.
var builder = ParameterBuilder(generator: generator)
let network = Sequential(
    Convolution(inputChannels: 1, outputChannels: 4, kernelSize: 3, name: "convolution", in: &builder),
    Lambda(silu),
    Lambda { reshape($0, to: [$0.shape[0], 64]) },
    Linear(inputs: 64, outputs: 8, name: "hidden", in: &builder),
    LayerNorm(channels: 8, name: "norm", in: &builder),
    Lambda(gelu),
    Dropout(rate: 0.1),
    Linear(inputs: 8, outputs: 2, name: "output", in: &builder))
var parameters = builder.parameters()
var optimizer = Adam(learningRate: 0.01)
for step in 0..<60 {
    let (_, gradient) = valueAndGradient(at: &parameters, generator: SeededGenerator(seed: UInt64(step))) { tape in
        crossEntropy(network(tape.constant(images)), labels: labels)
    }
    optimizer.update(&parameters, along: gradient)
}
let scores = evaluate(parameters) { tape in network(tape.constant(images)) }
precondition(scores.argmax() == labels)
print("the side is right in \(zip(scores.argmax(), labels).count { $0 == $1 }) of \(labels.count) images")
