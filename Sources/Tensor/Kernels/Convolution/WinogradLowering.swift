import CKernels

/// Winograd's minimal filtering F(m × m, 3 × 3), m = 4 or 2: tiles of m × m output pixels are computed from n × n input
/// pixels, n = m + 2, with n² multiplications for each pair of channels in place of 9 m²: a quarter of them for m = 4.
///
/// ```
/// y = Aᵀ [(G w Gᵀ) ⊙ (Bᵀ x B)] A          forward; the input gradient is the same with the rotated filter
/// dw = Gᵀ [(Bᵀ x B) ⊙ (A dy Aᵀ)] G        filter gradient, summed over all tiles before Gᵀ and G
/// ```
///
/// For each of the n² positions, ⊙ together with the sum over channels is a matrix product `[tiles, in] · [in, out]`.
/// Blocks of tiles are transformed, multiplied and transformed back before they leave the cache.
///
/// The transforms cost precision: with m = 4 errors are about ten times those of a sum in single precision, with m = 2
/// about twice. Lavin and Gray, CVPR 2016; Winograd, "Arithmetic complexity of computations", SIAM 1980.
struct WinogradLowering: ConvolutionLowering {
    let m: Int

    /// The filter's kernel and stride must fit, and paddings stay below the kernel's extent.
    static func applies(to g: ConvolutionGeometry) -> Bool {
        g.kernelHeight == 3 && g.kernelWidth == 3 && g.stride == 1 && g.paddingTop < 3 && g.paddingLeft < 3
    }

    func forward(
        _ g: ConvolutionGeometry, input: ImageReader, filter: UnsafePointer<Float>, beta: Float,
        output: UnsafeMutablePointer<Float>
    ) {
        let tiles = WinogradTiles(g, m: m)
        if tiles.count <= 96 {
            byChannels(tiles, input: input, filter: filter, beta: beta, output: output)
        } else {
            byTiles(tiles, input: input, filter: filter, beta: beta, output: output)
        }
    }

    func inputGradient(
        _ g: ConvolutionGeometry, upstream: UnsafePointer<Float>, filter: UnsafePointer<Float>, beta: Float,
        gradient: UnsafeMutablePointer<Float>
    ) {
        g.withRotatedFilter(filter) { rotated, turned in
            let images = rotated.images(upstream)
            forward(rotated, input: images, filter: turned, beta: beta, output: gradient)
        }
    }

    /// Many tiles: each task takes some rows of tiles all the way, with a transformed filter that all share.
    private func byTiles(
        _ tiles: WinogradTiles, input: ImageReader, filter: UnsafePointer<Float>, beta: Float,
        output: UnsafeMutablePointer<Float>
    ) {
        let g = tiles.g, outputs = g.outputChannels
        let blocks = (outputs + 15) / 16
        let filterPosition = blocks * 16 * g.inputChannels + 16
        let length = tiles.rowsOfBlock(channels: tiles.inputs + tiles.outputs)
        let transformed = Buffer(count: tiles.positions * filterPosition)
        withExtendedLifetime(transformed) {
            let u = transformed.base
            Parallel.forEach(blocks) { block in
                ck_winograd_filter(
                    Int32(m), g.inputChannels, outputs, block * 16, min(outputs, block * 16 + 16), filter,
                    filterPosition, u + block * 16 * g.inputChannels)
            }
            Parallel.forEachRange(of: tiles.rows, length: length) { rows in
                let v = Transform(tiles, rows: rows.count, channels: tiles.inputs)
                let y = Transform(tiles, rows: rows.count, channels: tiles.outputs)
                tiles.transform(input, rows, into: v)
                for position in 0..<tiles.positions {
                    multiply(
                        v, y, position: position, depth: g.inputChannels, columns: tiles.outputs,
                        filter: u + position * filterPosition)
                }
                tiles.write(y, rows, channels: 0..<outputs, beta: beta, output: output)
            }
        }
    }

    /// Few tiles, many channels: all tiles are transformed at once, and each task computes some output channels, so
    /// that the transformed filter, by far the largest matrix, never leaves the cache of its task.
    private func byChannels(
        _ tiles: WinogradTiles, input: ImageReader, filter: UnsafePointer<Float>, beta: Float,
        output: UnsafeMutablePointer<Float>
    ) {
        let g = tiles.g, panel = 32
        let v = Transform(tiles, rows: tiles.rows, channels: tiles.inputs)
        Parallel.forEach(tiles.rows) { row in
            tiles.transform(input, row..<row + 1, into: v, at: row)
        }
        Parallel.forEachRange(of: g.outputChannels, length: panel) { channels in
            let columns = (channels.count + 15) / 16 * 16
            let filterPosition = columns * g.inputChannels + 16
            let transformed = Buffer(count: tiles.positions * filterPosition)
            let y = Transform(tiles, rows: tiles.rows, channels: columns)
            withExtendedLifetime(transformed) {
                let u = transformed.base
                ck_winograd_filter(
                    Int32(m), g.inputChannels, g.outputChannels, channels.lowerBound, channels.upperBound, filter,
                    filterPosition, u)
                for position in 0..<tiles.positions {
                    multiply(
                        v, y, position: position, depth: g.inputChannels, columns: columns,
                        filter: u + position * filterPosition)
                }
            }
            tiles.write(y, 0..<tiles.rows, channels: channels, beta: beta, output: output)
        }
    }

    /// y[position] = v[position] · filter
    private func multiply(
        _ v: Transform, _ y: Transform, position: Int, depth: Int, columns: Int, filter: UnsafePointer<Float>
    ) {
        var product = ck_matrices(
            rows: v.count, columns: columns, depth: depth, groups: 1,
            a: v.base + position * v.position, a_row: v.channels, a_step: 1, a_group: 0,
            b: filter, b_step: 16, b_group: 0, b_block: 16 * depth,
            c: y.base + position * y.position, c_row: y.channels)
        ck_product(&product, 0)
    }
}
