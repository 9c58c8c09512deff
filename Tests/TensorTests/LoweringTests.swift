import Testing
import _TestSupport

@testable import Tensor

/// Every lowering of the convolution against the definition in Double, over geometries that meet its edges.
@Suite struct LoweringTests {
    /// The largest error that is allowed, as a share of the largest element: what a sum of a few hundred products in
    /// single precision loses, and what the transforms add to it. Errors of longer sums grow with the root of their
    /// length, which counts where there are no transforms.
    static let bounds: [(name: String, lowering: any ConvolutionLowering, bound: Double)] = [
        ("columns", ColumnLowering(), 2e-6),
        ("direct", DirectLowering(), 2e-6),
        ("F(2×2, 3×3)", WinogradLowering(m: 2), 4e-6),
        ("F(4×4, 3×3)", WinogradLowering(m: 4), 3e-5),
        ("F(6×6, 3×3)", WinogradLowering(m: 6), 3e-5),
    ]

    static let geometries = [
        // Odd extents, one image, channels that fill no vector.
        WindowCase([1, 5, 7, 3], kernel: (3, 3), outputs: 5, padding: 1),
        WindowCase([1, 9, 6, 17], kernel: (3, 3), outputs: 19, padding: 1),
        // Smaller than a tile.
        WindowCase([3, 1, 1, 8], kernel: (3, 3), outputs: 16, padding: 1),
        WindowCase([1, 2, 3, 16], kernel: (3, 3), outputs: 8, padding: 1),
        // No padding, and wide padding.
        WindowCase([2, 6, 8, 4], kernel: (3, 3), outputs: 16),
        WindowCase([1, 3, 5, 4], kernel: (3, 3), outputs: 4, padding: 2),
        // One input channel, and few.
        WindowCase([2, 12, 10, 1], kernel: (3, 3), outputs: 16, padding: 1),
        WindowCase([1, 11, 13, 2], kernel: (5, 3), outputs: 32, padding: 1),
        // Whole vectors, more than one block of tiles.
        WindowCase([2, 21, 19, 16], kernel: (3, 3), outputs: 16, padding: 1),
        // Many weights and few tiles; more than one block of weights.
        WindowCase([2, 4, 4, 70], kernel: (3, 3), outputs: 66, padding: 1),
        // The longest sums of a U-Net.
        WindowCase([1, 7, 6, 512], kernel: (3, 3), outputs: 512, padding: 1),
        // Many tiles and more than one vector of outputs.
        WindowCase([1, 45, 43, 8], kernel: (3, 3), outputs: 24, padding: 1),
        // Windows side by side, as in a transposed convolution, and strides.
        WindowCase([2, 6, 8, 16], kernel: (2, 2), outputs: 32, stride: 2),
        WindowCase([1, 9, 8, 5], kernel: (3, 3), outputs: 6, stride: 2, padding: 1),
    ]

    static func lowerings(
        for g: ConvolutionGeometry
    ) -> [(name: String, lowering: any ConvolutionLowering, bound: Double)] {
        bounds.filter { _, lowering, _ in
            (lowering is ColumnLowering) || (lowering is DirectLowering && DirectLowering.applies(to: g))
                || (lowering is WinogradLowering && WinogradLowering.applies(to: g))
        }
    }

    static func geometry(_ window: WindowCase) -> ConvolutionGeometry {
        ConvolutionGeometry(
            input: Tensor.Shape(window.input),
            filter: [window.kernel.0, window.kernel.1, window.input[3], window.outputs], stride: window.stride,
            padding: window.padding)
    }

    @Test(arguments: geometries)
    func agreesWithTheDefinition(_ window: WindowCase) {
        let g = Self.geometry(window)
        let x = Tensor(random: g.inputShape, seed: 1), filter = Tensor(random: g.filterShape, seed: 2)
        let upstream = Tensor(random: g.outputShape, seed: 3)
        let expected = Oracle.convolution(Oracle(x), Oracle(filter), upstream: Oracle(upstream), window)
        let growth = max(1, (Double(g.columns) / 1024).squareRoot())
        for (name, lowering, bound) in Self.lowerings(for: g) {
            let bound = bound < 3e-6 ? bound * growth : bound
            // Twice, once into memory that must be overwritten and once on top of it.
            for (beta, start, factor) in [(Float(0), Float.nan, 1.0), (1, 0, 1), (1, 1, 0)] {
                var y = Tensor(repeating: start, shape: g.outputShape)
                var dx = Tensor(repeating: start, shape: g.inputShape)
                var dw = Tensor(repeating: start, shape: g.filterShape)
                lowering.forward(
                    g, input: g.images(x.pointer), filter: filter.pointer, beta: beta, output: y.mutablePointer())
                lowering.inputGradient(
                    g, upstream: upstream.pointer, filter: filter.pointer, beta: beta, gradient: dx.mutablePointer())
                lowering.filterGradient(
                    g, input: g.images(x.pointer), upstream: upstream.pointer, beta: beta,
                    gradient: dw.mutablePointer())
                let added = factor == 0 ? 1.0 : 0
                for (what, found, wanted) in [
                    ("result", y, expected.result), ("gradient by input", dx, expected.byInput),
                    ("gradient by filter", dw, expected.byFilter),
                ] {
                    let largest = wanted.elements.reduce(0) { max($0, abs($1)) }
                    let fault = difference(
                        found, wanted.elements.map { $0 + added }, relative: 0, absolute: bound * largest + added * 1e-6
                    )
                    #expect(fault == nil, "\(name), \(what), beta \(beta)")
                }
            }
        }
    }

    @Test(arguments: geometries)
    func readsPartsAndActivationsAsIfTheyWereInMemory(_ window: WindowCase) {
        let g = Self.geometry(window)
        guard g.inputChannels > 1 else { return }
        let first = g.inputChannels / 2, second = g.inputChannels - first
        let pixels = g.batch * g.height * g.width
        let a = Tensor(random: [pixels, first], seed: 1), b = Tensor(random: [pixels, second], seed: 2)
        let scale = Tensor(random: [second], seed: 3), shift = Tensor(random: [second], seed: 4)
        let rows = (0..<pixels).flatMap { row in
            (0..<first).map { a[row, $0] }
                + (0..<second).map { channel in
                    let v = b[row, channel] * scale[channel] + shift[channel]
                    return v > 0 ? v : 0.1 * v
                }
        }
        let whole = Tensor(rows, shape: g.inputShape)
        let parts = ImageReader(
            height: g.height, width: g.width,
            parts: [
                .init(pixels: a.pointer, channels: first),
                .init(pixels: b.pointer, channels: second, scale: scale.pointer, shift: shift.pointer, slope: 0.1),
            ])
        let filter = Tensor(random: g.filterShape, seed: 5), upstream = Tensor(random: g.outputShape, seed: 6)
        for (name, lowering, bound) in Self.lowerings(for: g) {
            func results(_ reader: ImageReader) -> [Tensor] {
                var y = Tensor(zeros: g.outputShape), dw = Tensor(zeros: g.filterShape)
                lowering.forward(
                    g, input: reader, filter: filter.pointer, beta: 0, output: y.mutablePointer())
                lowering.filterGradient(
                    g, input: reader, upstream: upstream.pointer, beta: 0, gradient: dw.mutablePointer())
                return [y, dw]
            }
            for (found, wanted) in zip(results(parts), results(g.images(whole.pointer))) {
                let largest = wanted.elements.reduce(0) { max($0, abs($1)) }
                #expect(
                    difference(found, wanted.elements.map(Double.init), relative: 0, absolute: Double(largest) * bound)
                        == nil, "\(name)")
            }
        }
        withExtendedLifetime((a, b, scale, shift)) {}
    }

    @Test(arguments: geometries)
    func theSameBitsOnAnyNumberOfThreads(_ window: WindowCase) {
        func results(threads: Int) -> [(lowering: String, values: [Float])] {
            Parallel.$threadLimit.withValue(threads) { Self.results(window) }
        }
        for (one, eight) in zip(results(threads: 1), results(threads: 8)) {
            let same = one.values == eight.values
            #expect(same, "\(one.lowering)")
        }
    }

    /// The output and both gradients by every lowering.
    static func results(_ window: WindowCase) -> [(lowering: String, values: [Float])] {
        let g = geometry(window)
        let x = Tensor(random: g.inputShape, seed: 1), filter = Tensor(random: g.filterShape, seed: 2)
        let upstream = Tensor(random: g.outputShape, seed: 3)
        return lowerings(for: g).map { name, lowering, _ in
            var y = Tensor(zeros: g.outputShape), dx = Tensor(zeros: g.inputShape)
            var dw = Tensor(zeros: g.filterShape)
            lowering.forward(
                g, input: g.images(x.pointer), filter: filter.pointer, beta: 0, output: y.mutablePointer())
            lowering.inputGradient(
                g, upstream: upstream.pointer, filter: filter.pointer, beta: 0, gradient: dx.mutablePointer())
            lowering.filterGradient(
                g, input: g.images(x.pointer), upstream: upstream.pointer, beta: 0, gradient: dw.mutablePointer())
            return (name, [y, dx, dw].flatMap(\.elements))
        }
    }
}
