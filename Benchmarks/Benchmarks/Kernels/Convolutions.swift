import Benchmark
import Tensor
import Workloads

/// Every 3×3 convolution of encoders of width 16 and 32 on images of 64², 128² and 192², on one thread.
func registerConvolutions() {
    var geometries: [ConvolutionGeometry] = []
    for width in [16, 32] {
        for size in [64, 128, 192] {
            let extents = Extents(width: width, size: size, batch: 8)
            geometries += ConvolutionGeometry.encoder(extents).filter { !geometries.contains($0) }
        }
    }
    for geometry in geometries {
        register("convolution \(geometry.description), forward", operations: geometry.operations) {
            let operands = Operands(geometry)
            return operands.forward
        }
        if geometry.inputChannels > 1 {
            register("convolution \(geometry.description), input gradient", operations: geometry.operations) {
                let operands = Operands(geometry)
                return operands.inputGradient
            }
        }
        register("convolution \(geometry.description), filter gradient", operations: geometry.operations) {
            let operands = Operands(geometry)
            return operands.filterGradient
        }
    }
}

/// The tensors of one convolution, held ready.
private struct Operands {
    private let input: Tensor
    private let filter: Tensor
    private let upstream: Tensor

    init(_ geometry: ConvolutionGeometry) {
        var generator = SeededGenerator(seed: 1)
        func random(_ shape: Tensor.Shape) -> Tensor {
            Tensor((0..<shape.count).map { _ in generator.uniform(in: -1...1) }, shape: shape)
        }
        (input, filter, upstream) = (random(geometry.input), random(geometry.filter), random(geometry.output))
    }

    func forward(_ stopwatch: Stopwatch) {
        Parallel.$threadLimit.withValue(1) {
            _ = evaluate(Parameters()) { tape in
                let (input, filter) = (tape.constant(input), tape.constant(filter))
                var output = input
                stopwatch.measure { output = convolution(input, filter: filter, bias: nil, stride: 1, padding: 1) }
                return output
            }
        }
    }

    func inputGradient(_ stopwatch: Stopwatch) {
        gradient(by: input, stopwatch) { convolution($0, filter: $0.tape.constant(filter), bias: nil, padding: 1) }
    }

    func filterGradient(_ stopwatch: Stopwatch) {
        gradient(by: filter, stopwatch) { convolution($0.tape.constant(input), filter: $0, bias: nil, padding: 1) }
    }

    /// Times the backward pass of `operation` alone: operations that only start and stop the watch stand before and
    /// behind it on the tape.
    private func gradient(by operand: Tensor, _ stopwatch: Stopwatch, of operation: (Variable) -> Variable) {
        Parallel.$threadLimit.withValue(1) {
            _ = valueAndGradient(at: [operand]) { leaves in
                let leaf = leaves[0].id
                let operand = leaves[0].tape.record(leaves[0].value, operands: leaf) { derivative, adjoints in
                    stopwatch.stop()
                    adjoints.add(derivative, to: leaf)
                }
                let output = operation(operand).id
                return leaves[0].tape.record(Tensor([0]), operands: output) { [upstream] _, adjoints in
                    adjoints.add(upstream, to: output)
                    stopwatch.start()
                }
            }
        }
    }
}
