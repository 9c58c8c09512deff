import Tensor

// A layer is a description; all weights are one vector; a step is a gradient and an update.
var builder = ParameterBuilder(generator: SeededGenerator(seed: 1))
let first = Linear(inputs: 2, outputs: 16, name: "first", in: &builder)
let second = Linear(inputs: 16, outputs: 2, name: "second", in: &builder)
var parameters = builder.parameters()
var optimizer = Adam(learningRate: 0.03)

// The four points of "exclusive or", which no line separates.
let points = Tensor([0, 0, 0, 1, 1, 0, 1, 1], shape: [4, 2])
let labels = [0, 1, 1, 0]
var loss: Float = 0
for _ in 0..<200 {
    let (value, gradient) = valueAndGradient(at: &parameters) { tape in
        crossEntropy(second(relu(first(tape.constant(points)))), labels: labels)
    }
    optimizer.update(&parameters, along: gradient)
    loss = value
}
precondition(loss < 0.05)
print("exclusive or is learnt: \(loss < 0.05)")
