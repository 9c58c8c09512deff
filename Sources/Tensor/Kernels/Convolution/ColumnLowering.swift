import CKernels

/// A lowering to im2col and GEMM in tiles: the windows under a few hundred output pixels are gathered as rows of a
/// column matrix that stays in cache, `[pixels, kH · kW · in]`, and multiplied by the filter as stored,
/// `[kH · kW · in, out]`.
///
/// The input gradient of a convolution with stride 1 is the convolution of the upstream gradient with the filter
/// rotated by 180° and its channels exchanged; otherwise, columns are multiplied first and then scattered.
struct ColumnLowering: ConvolutionLowering {
    func forward(
        _ g: ConvolutionGeometry, input: ImageReader, filter: UnsafePointer<Float>, beta: Float,
        output: UnsafeMutablePointer<Float>
    ) {
        input.withMemory(batch: g.batch) {
            forward(g, input: $0, filter: filter, beta: beta, output: output)
        }
    }

    private func forward(
        _ g: ConvolutionGeometry, input: UnsafePointer<Float>, filter: UnsafePointer<Float>, beta: Float,
        output: UnsafeMutablePointer<Float>
    ) {
        let windows = g.windows, tile = tileRows(g)
        Parallel.forEachRange(of: g.rows, length: tile) { rows in
            withColumns(tile * g.columns) { columns in
                gather(windows, rows, input, columns)
                BLAS.gemm(
                    rows.count, g.outputChannels, g.columns, columns, lda: g.columns,
                    filter, ldb: g.outputChannels,
                    beta: beta, output + rows.lowerBound * g.outputChannels, ldc: g.outputChannels)
            }
        }
    }

    func inputGradient(
        _ g: ConvolutionGeometry, upstream: UnsafePointer<Float>, filter: UnsafePointer<Float>, beta: Float,
        gradient: UnsafeMutablePointer<Float>
    ) {
        if g.rotated != nil {
            g.withRotatedFilter(filter) { rotated, turned in
                forward(rotated, input: upstream, filter: turned, beta: beta, output: gradient)
            }
            return
        }
        if beta == 0 { ck_fill(g.inputShape.count, 0, gradient) }
        let windows = g.windows, tile = tileRows(g)
        func scatter(_ rows: Range<Int>) {
            withColumns(tile * g.columns) { columns in
                BLAS.gemm(
                    rows.count, g.columns, g.outputChannels,
                    upstream + rows.lowerBound * g.outputChannels, lda: g.outputChannels,
                    filter, ldb: g.outputChannels, transposedB: true, columns, ldc: g.columns)
                withUnsafePointer(to: windows) {
                    ck_scatter_columns($0, rows.lowerBound, rows.upperBound, columns, gradient)
                }
            }
        }
        if g.windowsAreDisjoint {
            Parallel.forEachRange(of: g.rows, length: tile, scatter)
        } else {
            // Tiles of one image overlap; images do not.
            Parallel.forEach(g.batch) { image in
                let end = (image + 1) * g.pixels
                for first in stride(from: image * g.pixels, to: end, by: tile) {
                    scatter(first..<min(end, first + tile))
                }
            }
        }
    }

    func filterGradient(
        _ g: ConvolutionGeometry, input: ImageReader, upstream: UnsafePointer<Float>, beta: Float,
        gradient: UnsafeMutablePointer<Float>
    ) {
        input.withMemory(batch: g.batch) {
            filterGradient(g, input: $0, upstream: upstream, beta: beta, gradient: gradient)
        }
    }

    private func filterGradient(
        _ g: ConvolutionGeometry, input: UnsafePointer<Float>, upstream: UnsafePointer<Float>, beta: Float,
        gradient: UnsafeMutablePointer<Float>
    ) {
        let windows = g.windows, tile = tileRows(g)
        PartialSums(of: g.rows, size: g.columns * g.outputChannels).reduce(into: gradient, beta: beta) {
            rows, partial in
            withColumns(tile * g.columns) { columns in
                for first in stride(from: rows.lowerBound, to: rows.upperBound, by: tile) {
                    let last = min(rows.upperBound, first + tile)
                    gather(windows, first..<last, input, columns)
                    BLAS.gemm(
                        g.columns, g.outputChannels, last - first, columns, lda: g.columns, transposedA: true,
                        upstream + first * g.outputChannels, ldb: g.outputChannels,
                        beta: first == rows.lowerBound ? 0 : 1, partial, ldc: g.outputChannels)
                }
            }
        }
    }

    /// Returns the number of output pixels per tile: columns of about 1 MiB, and enough rows to pay for packing the
    /// filter.
    private func tileRows(_ g: ConvolutionGeometry) -> Int {
        max(128, min(4096, (1 << 18) / g.columns / 16 * 16))
    }

    private func gather(
        _ windows: ck_windows, _ rows: Range<Int>, _ input: UnsafePointer<Float>,
        _ columns: UnsafeMutablePointer<Float>
    ) {
        withUnsafePointer(to: windows) { ck_gather_columns($0, rows.lowerBound, rows.upperBound, input, columns) }
    }

    private func withColumns(_ count: Int, _ body: (UnsafeMutablePointer<Float>) -> Void) {
        let buffer = Buffer(count: count)
        withExtendedLifetime(buffer) { body(buffer.base) }
    }
}
