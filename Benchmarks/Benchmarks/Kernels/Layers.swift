import Benchmark
import Tensor

/// Registers the memory-bound layers, on one thread: batch normalization with ReLU, pooling, and the concatenation
/// before a decoder's convolutions.
///
/// Operands and results each count once. The forward pass moves an image and its result; the backward pass moves the
/// image and the gradients with respect to the result and the image.
func registerLayers() {
    for (size, channels) in [(192, 32), (96, 64), (48, 128), (64, 16)] {
        let shape: Tensor.Shape = [8, size, size, channels]
        let name = "8×\(size)², \(channels) channels"
        let bytes = 4 * shape.count
        registerNorm(shape, name, bytes)

        let half: Tensor.Shape = [8, size / 2, size / 2, channels]
        registerLayer(
            "max pool \(name)", input: shape, output: half, bytes: (bytes * 5 / 4, bytes * 3 / 2)
        ) { maxPool($0) }

        let both: Tensor.Shape = [8, size, size, 2 * channels]
        let skip = Tensor.random(shape, seed: 4)
        registerLayer("concatenation \(name)", input: shape, output: both, bytes: (4 * bytes, 2 * bytes)) {
            concatenate($0.tape.constant(skip), $0)
        }
    }
}

private func registerNorm(_ shape: Tensor.Shape, _ name: String, _ bytes: Int) {
    var builder = ParameterBuilder(generator: SeededGenerator(seed: 1))
    let norm = Normalization(.batch, channels: shape.last, slope: 0, name: "norm", in: &builder)
    registerLayer(
        "batch norm and ReLU \(name)", input: shape, output: shape, bytes: (2 * bytes, 3 * bytes),
        parameters: builder.parameters()
    ) { norm($0) }
}

private func registerLayer(
    _ name: String, input: Tensor.Shape, output: Tensor.Shape, bytes: (forward: Int, backward: Int),
    parameters: Parameters = Parameters(), layer: @escaping (Variable) -> Variable
) {
    register("\(name), forward", .bytes(bytes.forward)) {
        let operand = Tensor.random(input, seed: 2)
        return { stopwatch in
            Parallel.$threadLimit.withValue(1) {
                measureForward(operand, parameters: parameters, stopwatch, of: layer)
            }
        }
    }
    register("\(name), backward", .bytes(bytes.backward), isRepeated: false) {
        let (operand, upstream) = (Tensor.random(input, seed: 2), Tensor.random(output, seed: 3))
        return { stopwatch in
            Parallel.$threadLimit.withValue(1) {
                measureBackward(
                    by: operand, upstream: upstream, parameters: parameters, stopwatch, of: layer)
            }
        }
    }
}
