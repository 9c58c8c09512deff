import Benchmark
import Tensor
import Workloads

/// Registers every convolution of U-Nets of width 16, 32, and 48, on one thread: the forward pass, the input gradient,
/// and the filter gradient.
func registerConvolutions() {
    let networks = [
        Extents(width: 16, size: 64, batch: 8), Extents(width: 16, size: 128, batch: 8),
        Extents(width: 32, size: 192, batch: 8), Extents(width: 48, size: 192, batch: 8),
    ]
    var geometries: [ConvolutionGeometry] = []
    for network in networks {
        let layers = ConvolutionGeometry.encoder(network) + ConvolutionGeometry.decoder(network)
        for layer in layers where !geometries.contains(layer) { geometries.append(layer) }
    }
    for geometry in geometries {
        let name = "convolution \(geometry.description)"
        register("\(name), forward", .operations(geometry.operations)) { ConvolutionOperands(geometry).forward }
        if geometry.inputChannels > 1 {
            register("\(name), input gradient", .operations(geometry.operations), isRepeated: false) {
                ConvolutionOperands(geometry).inputGradient
            }
        }
        register("\(name), filter gradient", .operations(geometry.operations), isRepeated: false) {
            ConvolutionOperands(geometry).filterGradient
        }
    }
}

/// The prepared tensors of one convolution.
private struct ConvolutionOperands {
    private let kind: ConvolutionGeometry.Kind
    private let input: Tensor
    private let filter: Tensor
    private let upstream: Tensor

    init(_ geometry: ConvolutionGeometry) {
        kind = geometry.kind
        input = .random(geometry.input, seed: 1)
        filter = .random(geometry.filter, seed: 2)
        upstream = .random(geometry.output, seed: 3)
    }

    private func convolve(_ input: Variable, _ filter: Variable) -> Variable {
        switch kind {
        case .regular: convolution(input, filter: filter, padding: 1)
        case .pointwise: convolution(input, filter: filter)
        case .transposed: transposedConvolution(input, filter: filter)
        }
    }

    func forward(_ stopwatch: Stopwatch) {
        Parallel.$threadLimit.withValue(1) {
            measureForward(input, stopwatch) { convolve($0, $0.tape.constant(filter)) }
        }
    }

    func inputGradient(_ stopwatch: Stopwatch) {
        Parallel.$threadLimit.withValue(1) {
            measureBackward(by: input, upstream: upstream, stopwatch) { convolve($0, $0.tape.constant(filter)) }
        }
    }

    func filterGradient(_ stopwatch: Stopwatch) {
        Parallel.$threadLimit.withValue(1) {
            measureBackward(by: filter, upstream: upstream, stopwatch) { convolve($0.tape.constant(input), $0) }
        }
    }
}
