/// A method that computes a convolution and its two gradients with matrix products.
///
/// Memory is row-major in the layouts of `ConvolutionGeometry`. Results are written as `new + beta · old`, with
/// `beta` 0 (existing contents are ignored) or 1.
protocol ConvolutionLowering: Sendable {
    /// Computes output = input ∗ filter.
    func forward(
        _ g: ConvolutionGeometry, input: ImageReader, filter: UnsafePointer<Float>, beta: Float,
        output: UnsafeMutablePointer<Float>)

    /// Computes the gradient with respect to the input from `upstream`, the gradient with respect to the output.
    func inputGradient(
        _ g: ConvolutionGeometry, upstream: UnsafePointer<Float>, filter: UnsafePointer<Float>, beta: Float,
        gradient: UnsafeMutablePointer<Float>)

    /// Computes the gradient with respect to the filter.
    func filterGradient(
        _ g: ConvolutionGeometry, input: ImageReader, upstream: UnsafePointer<Float>, beta: Float,
        gradient: UnsafeMutablePointer<Float>)
}

extension ConvolutionGeometry {
    /// A lowering that overrides the policy, for comparing lowerings.
    @TaskLocal static var forcedLowering: (any ConvolutionLowering)?

    /// The lowering that the policy selects for this convolution. The policy is based on measurements of every
    /// convolution of a U-Net; the figures are in docs/performance.md.
    var lowering: any ConvolutionLowering {
        if let forced = Self.forcedLowering { return forced }
        if kernelHeight == 1 && kernelWidth == 1 && stride == 1 && paddingTop == 0 && paddingLeft == 0 {
            return PointwiseLowering()
        }
        if WinogradLowering.applies(to: self) && inputChannels >= 8 && outputChannels >= 8 {
            return WinogradLowering(for: self)
        }
        if DirectLowering.applies(to: self) { return DirectLowering() }
        return ColumnLowering()
    }
}

/// A lowering of 1×1 convolutions to a matrix product: `[pixels, in] · [in, out]`.
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

    /// Returns the number of rows per matrix product: operands of about 512 KiB.
    private func band(_ g: ConvolutionGeometry) -> Int {
        max(128, (1 << 17) / (g.inputChannels + g.outputChannels))
    }
}
