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
