/// A way to compute a convolution and its two gradients by matrix products.
///
/// Memory is row-major in the layouts of `ConvolutionGeometry`. Results are written as `new + beta · old`, with `beta`
/// 0 (what was there is ignored) or 1.
protocol ConvolutionLowering: Sendable {
    /// output = input ∗ filter
    func forward(
        _ g: ConvolutionGeometry, input: ImageReader, filter: UnsafePointer<Float>, beta: Float,
        output: UnsafeMutablePointer<Float>)

    /// The derivative by the input, from the derivative `upstream` by the output.
    func inputGradient(
        _ g: ConvolutionGeometry, upstream: UnsafePointer<Float>, filter: UnsafePointer<Float>, beta: Float,
        gradient: UnsafeMutablePointer<Float>)

    /// The derivative by the filter.
    func filterGradient(
        _ g: ConvolutionGeometry, input: ImageReader, upstream: UnsafePointer<Float>, beta: Float,
        gradient: UnsafeMutablePointer<Float>)
}

extension ConvolutionGeometry {
    /// Takes the place of the policy, to compare lowerings with each other.
    @TaskLocal static var forcedLowering: (any ConvolutionLowering)?

    /// The policy: which lowering computes this convolution. Measured on every convolution of a U-Net; the figures are
    /// in docs/performance.md.
    var lowering: any ConvolutionLowering {
        if let forced = Self.forcedLowering { return forced }
        if kernelHeight == 1 && kernelWidth == 1 && stride == 1 && paddingTop == 0 && paddingLeft == 0 {
            return PointwiseLowering()
        }
        if WinogradLowering.applies(to: self) && inputChannels >= 8 && outputChannels >= 8 {
            return WinogradLowering(m: min(outputHeight, outputWidth) > 2 ? 4 : 2)
        }
        if DirectLowering.applies(to: self) { return DirectLowering() }
        return ColumnLowering()
    }
}

/// A 1×1 convolution is a matrix product: `[pixels, in] · [in, out]`.
struct PointwiseLowering: ConvolutionLowering {
    func forward(
        _ g: ConvolutionGeometry, input: ImageReader, filter: UnsafePointer<Float>, beta: Float,
        output: UnsafeMutablePointer<Float>
    ) {
        input.withMemory(batch: g.batch) { input in
            Parallel.forEachRange(of: g.rows, length: band(g)) { rows in
                BLAS.gemm(
                    rows.count, g.outputChannels, g.inputChannels,
                    input + rows.lowerBound * g.inputChannels, lda: g.inputChannels, filter, ldb: g.outputChannels,
                    beta: beta, output + rows.lowerBound * g.outputChannels, ldc: g.outputChannels)
            }
        }
    }

    func inputGradient(
        _ g: ConvolutionGeometry, upstream: UnsafePointer<Float>, filter: UnsafePointer<Float>, beta: Float,
        gradient: UnsafeMutablePointer<Float>
    ) {
        Parallel.forEachRange(of: g.rows, length: band(g)) { rows in
            BLAS.gemm(
                rows.count, g.inputChannels, g.outputChannels,
                upstream + rows.lowerBound * g.outputChannels, lda: g.outputChannels,
                filter, ldb: g.outputChannels, transposedB: true,
                beta: beta, gradient + rows.lowerBound * g.inputChannels, ldc: g.inputChannels)
        }
    }

    func filterGradient(
        _ g: ConvolutionGeometry, input: ImageReader, upstream: UnsafePointer<Float>, beta: Float,
        gradient: UnsafeMutablePointer<Float>
    ) {
        let size = g.inputChannels * g.outputChannels
        input.withMemory(batch: g.batch) { input in
            PartialSums(of: g.rows, size: size).reduce(into: gradient, beta: beta) { rows, partial in
                BLAS.gemm(
                    g.inputChannels, g.outputChannels, rows.count,
                    input + rows.lowerBound * g.inputChannels, lda: g.inputChannels, transposedA: true,
                    upstream + rows.lowerBound * g.outputChannels, ldb: g.outputChannels,
                    partial, ldc: g.outputChannels)
            }
        }
    }

    /// Rows of one matrix product: operands of about 512 KiB.
    private func band(_ g: ConvolutionGeometry) -> Int {
        max(128, (1 << 17) / (g.inputChannels + g.outputChannels))
    }
}
