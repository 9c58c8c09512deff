import CKernels

/// Winograd's minimal filtering F(m × m, 3 × 3), m = 6, 4, or 2.
///
/// Tiles of m × m output pixels are computed from n × n input pixels, n = m + 2, with n² multiplications per pair of
/// channels instead of 9 m²: a fifth as many for m = 6, a quarter for m = 4.
///
/// ```
/// y = Aᵀ [(G w Gᵀ) ⊙ (Bᵀ x B)] A          forward; the input gradient is the same with the rotated filter
/// dw = Gᵀ [(Bᵀ x B) ⊙ (A dy Aᵀ)] G        filter gradient, summed over all tiles before Gᵀ and G
/// ```
///
/// For each of the n² positions, ⊙ together with the sum over channels is a matrix product `[tiles, in] · [in, out]`.
/// Blocks of tiles are transformed, multiplied, and transformed back before they leave the cache.
///
/// The transforms cost precision: errors are about twenty times those of a single-precision sum for m = 6, ten times
/// for m = 4, and twice for m = 2. Lavin and Gray, CVPR 2016; Winograd, "Arithmetic complexity of computations", SIAM 1980.
struct WinogradLowering: ConvolutionLowering {
    let m: Int

    init(m: Int) { self.m = m }

    /// Creates the lowering whose tiles need the fewest multiplications, the smaller ones if two need as many.
    init(for g: ConvolutionGeometry) {
        func multiplications(_ m: Int) -> Int {
            (g.outputHeight + m - 1) / m * ((g.outputWidth + m - 1) / m) * (m + 2) * (m + 2)
        }
        m = [2, 4, 6].min { multiplications($0) < multiplications($1) }!
    }

    /// Returns whether the kernel and stride fit, with paddings smaller than the kernel.
    static func applies(to g: ConvolutionGeometry) -> Bool {
        g.kernelHeight == 3 && g.kernelWidth == 3 && g.stride == 1 && g.paddingTop < 3 && g.paddingLeft < 3
    }

    func forward(
        _ g: ConvolutionGeometry, input: ImageReader, filter: UnsafePointer<Float>, beta: Float,
        output: UnsafeMutablePointer<Float>
    ) {
        convolve(WinogradTiles(g, m: m), input, with: Filter(weights: filter), beta: beta, into: output)
    }

    func inputGradient(
        _ g: ConvolutionGeometry, upstream: UnsafePointer<Float>, filter: UnsafePointer<Float>, beta: Float,
        gradient: UnsafeMutablePointer<Float>
    ) {
        let rotated = g.rotated!
        convolve(
            WinogradTiles(rotated, m: m), rotated.images(upstream), with: Filter(weights: filter, isTurned: true),
            beta: beta, into: gradient)
    }

    /// A filter, or one that is to be rotated by 180° with its channels exchanged.
    private struct Filter {
        let weights: UnsafePointer<Float>
        var isTurned = false
    }

    private func convolve(
        _ tiles: WinogradTiles, _ input: ImageReader, with filter: Filter, beta: Float,
        into output: UnsafeMutablePointer<Float>
    ) {
        let weights = tiles.positions * tiles.inputs * tiles.outputs
        if tiles.count <= 96 || weights > 1 << 20 {
            byChannels(tiles, input: input, filter: filter, beta: beta, output: output)
        } else {
            byTiles(tiles, input: input, filter: filter, beta: beta, output: output)
        }
    }

    /// Computes the output for many tiles: each task processes some rows of tiles end to end, sharing one transformed
    /// filter.
    private func byTiles(
        _ tiles: WinogradTiles, input: ImageReader, filter: Filter, beta: Float,
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
                let channels = block * 16..<min(outputs, block * 16 + 16)
                transform(
                    filter, g, inputs: 0..<g.inputChannels, outputs: channels, position: filterPosition,
                    into: u + block * 16 * g.inputChannels)
            }
            Parallel.forEachRange(of: tiles.rows, length: length) { rows in
                let v = Transform(tiles, rows: rows.count, channels: tiles.inputs)
                let y = Transform(tiles, rows: rows.count, channels: tiles.outputs)
                tiles.transform(input, rows, into: v)
                multiply(v, 0..<g.inputChannels, y, filter: u, filterPosition)
                tiles.write(y, rows, channels: 0..<outputs, beta: beta, output: output)
            }
        }
    }

    /// Computes the output for few tiles or many channels: some tiles are transformed at once, and each task computes
    /// some output channels from successive runs of input channels, so that the transformed filter, by far the
    /// largest matrix, never leaves the cache of its task.
    private func byChannels(
        _ tiles: WinogradTiles, input: ImageReader, filter: Filter, beta: Float,
        output: UnsafeMutablePointer<Float>
    ) {
        let g = tiles.g, panel = 64, run = 64
        let length = max(1, min(tiles.rows, (96 + tiles.columns / 2) / tiles.columns))
        let v = Transform(tiles, rows: length, channels: tiles.inputs)
        for first in stride(from: 0, to: tiles.rows, by: length) {
            let rows = first..<min(tiles.rows, first + length)
            let v = v.prefix(rows.count * tiles.columns)
            Parallel.forEach(rows.count) { row in
                tiles.transform(input, first + row..<first + row + 1, into: v, at: row)
            }
            Parallel.forEachRange(of: g.outputChannels, length: panel) { channels in
                let columns = (channels.count + 15) / 16 * 16
                let filterPosition = columns * run + 16
                let transformed = Buffer(count: tiles.positions * filterPosition)
                let y = Transform(tiles, rows: rows.count, channels: columns)
                withExtendedLifetime(transformed) {
                    for first in stride(from: 0, to: g.inputChannels, by: run) {
                        let inputs = first..<min(g.inputChannels, first + run)
                        transform(
                            filter, g, inputs: inputs, outputs: channels, position: filterPosition,
                            into: transformed.base)
                        multiply(v, inputs, y, filter: transformed.base, filterPosition)
                    }
                }
                tiles.write(y, rows, channels: channels, beta: beta, output: output)
            }
        }
    }

    /// Computes u = G w Gᵀ for some channels.
    private func transform(
        _ filter: Filter, _ g: ConvolutionGeometry, inputs: Range<Int>, outputs: Range<Int>,
        position: Int, into u: UnsafeMutablePointer<Float>
    ) {
        var block = ck_weights(
            turned: filter.isTurned ? 1 : 0, inputs: g.inputChannels, outputs: g.outputChannels,
            first_input: inputs.lowerBound, input_count: inputs.count, first_output: outputs.lowerBound,
            output_count: outputs.count)
        ck_winograd_filter(Int32(m), &block, filter.weights, position, u)
    }

    /// Computes y[position] = v[position] · filter[position], or adds to it if the input channels are not the first
    /// ones.
    private func multiply(
        _ v: Transform, _ inputs: Range<Int>, _ y: Transform, filter: UnsafePointer<Float>, _ filterPosition: Int
    ) {
        var products = ck_matrices(
            rows: v.count, columns: y.channels, depth: inputs.count, groups: 1, count: (m + 2) * (m + 2),
            a: v.base + inputs.lowerBound, a_row: v.channels, a_step: 1, a_group: 0, a_next: v.position,
            b: filter, b_step: 16, b_group: 0, b_block: 16 * inputs.count, b_next: filterPosition,
            c: y.base, c_row: y.channels, c_next: y.position)
        ck_product(&products, inputs.lowerBound == 0 ? 0 : 1)
    }
}

extension WinogradLowering {
    func filterGradient(
        _ g: ConvolutionGeometry, input: ImageReader, upstream: UnsafePointer<Float>, beta: Float,
        gradient: UnsafeMutablePointer<Float>
    ) {
        let tiles = WinogradTiles(g, m: m)
        let upstream = ImageReader(
            upstream, height: g.outputHeight, width: g.outputWidth, channels: g.outputChannels)
        if tiles.inputs * tiles.outputs <= 64 * 64 {
            byTiles(tiles, input: input, upstream: upstream, beta: beta, gradient: gradient)
        } else {
            byWeights(tiles, input: input, upstream: upstream, beta: beta, gradient: gradient)
        }
    }

    /// Computes few weights: each task sums over some of the tiles, and the sums are added.
    private func byTiles(
        _ tiles: WinogradTiles, input: ImageReader, upstream: ImageReader, beta: Float,
        gradient: UnsafeMutablePointer<Float>
    ) {
        let g = tiles.g
        let length = tiles.rowsOfBlock(channels: tiles.inputs + tiles.outputs)
        let minimum = max(1, 64 / tiles.columns)
        PartialSums(of: tiles.rows, size: g.filterShape.count, minimumRows: minimum).reduce(
            into: gradient, beta: beta
        ) { rows, partial in
            let sum = WeightTransform(tiles, inputs: g.inputChannels, outputs: tiles.outputs)
            for first in stride(from: rows.lowerBound, to: rows.upperBound, by: length) {
                let block = first..<min(rows.upperBound, first + length)
                let v = Transform(tiles, rows: block.count, channels: tiles.inputs)
                let d = Transform(tiles, rows: block.count, channels: tiles.outputs)
                tiles.transform(input, block, into: v)
                tiles.transform(upstream: upstream, block, into: d)
                sum.add(v, d, inputs: 0, outputs: 0, isFirst: first == rows.lowerBound)
            }
            sum.write(g, channels: g.outputChannels, beta: 0, to: partial)
        }
    }

    /// Computes many weights: all tasks share the transforms of some hundred tiles, and each computes a block of the
    /// weights.
    private func byWeights(
        _ tiles: WinogradTiles, input: ImageReader, upstream: ImageReader, beta: Float,
        gradient: UnsafeMutablePointer<Float>
    ) {
        let g = tiles.g
        let (blockIn, blockOut) = (64, 32)
        // Keep transforms to about 8 MiB, or one row of tiles.
        let fitting = (2 << 20) / (tiles.positions * (tiles.inputs + tiles.outputs) * tiles.columns)
        let length = min(tiles.rows, max(1, fitting))
        let across = (g.outputChannels + blockOut - 1) / blockOut
        let down = (g.inputChannels + blockIn - 1) / blockIn
        let v = Transform(tiles, rows: length, channels: tiles.inputs)
        let d = Transform(tiles, rows: length, channels: tiles.outputs)
        for first in stride(from: 0, to: tiles.rows, by: length) {
            let block = first..<min(tiles.rows, first + length)
            let (v, d) = (v.prefix(block.count * tiles.columns), d.prefix(block.count * tiles.columns))
            Parallel.forEach(2 * block.count) { index in
                let row = block.lowerBound + index / 2
                if index % 2 == 0 {
                    tiles.transform(input, row..<row + 1, into: v, at: index / 2)
                } else {
                    tiles.transform(upstream: upstream, row..<row + 1, into: d, at: index / 2)
                }
            }
            Parallel.forEach(across * down) { index in
                let inputs = index / across * blockIn, outputs = index % across * blockOut
                let sum = WeightTransform(
                    tiles, inputs: min(blockIn, g.inputChannels - inputs),
                    outputs: min(blockOut, tiles.outputs - outputs))
                sum.add(v, d, inputs: inputs, outputs: outputs, isFirst: true)
                sum.write(
                    g, channels: min(blockOut, g.outputChannels - outputs), beta: first == 0 ? beta : 1,
                    to: gradient + inputs * g.outputChannels + outputs)
            }
        }
    }
}

/// A block of the transformed gradient with respect to the weights: `[positions, inputs, outputs]`.
private struct WeightTransform {
    private let buffer: Buffer
    private let m: Int, positions: Int, inputs: Int, outputs: Int
    private var position: Int { inputs * outputs + 16 }

    init(_ tiles: WinogradTiles, inputs: Int, outputs: Int) {
        (m, positions) = (tiles.m, tiles.positions)
        (self.inputs, self.outputs) = (inputs, outputs)
        buffer = Buffer(count: positions * (inputs * outputs + 16))
    }

    /// Adds vᵀ · d at each position, for the channels that begin at `inputs` and `outputs`.
    func add(_ v: Transform, _ d: Transform, inputs first: Int, outputs firstOutput: Int, isFirst: Bool) {
        var product = ck_matrices(
            rows: inputs, columns: outputs, depth: v.count, groups: 1, count: positions,
            a: v.base + first, a_row: 1, a_step: v.channels, a_group: 0, a_next: v.position,
            b: d.base + firstOutput, b_step: d.channels, b_group: 0, b_block: 16, b_next: d.position,
            c: buffer.base, c_row: outputs, c_next: position)
        ck_product(&product, isFirst ? 0 : 1)
    }

    /// Transforms back, Gᵀ v G, and writes to a block of the filter's gradient.
    func write(_ g: ConvolutionGeometry, channels: Int, beta: Float, to gradient: UnsafeMutablePointer<Float>) {
        var tiles = ck_tiles(count: inputs, channels: channels, stride: outputs, position: position)
        ck_winograd_weights(
            Int32(m), &tiles, buffer.base, g.inputChannels, g.outputChannels, beta == 0 ? 0 : 1, gradient)
    }
}
