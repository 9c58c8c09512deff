import CKernels

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

    /// Few weights: each task sums over some of the tiles, and the sums are added.
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

    /// Many weights: all tasks share the transforms of some hundred tiles, and each computes a block of the weights.
    private func byWeights(
        _ tiles: WinogradTiles, input: ImageReader, upstream: ImageReader, beta: Float,
        gradient: UnsafeMutablePointer<Float>
    ) {
        let g = tiles.g
        let (blockIn, blockOut) = (64, 32)
        // Transforms of about 8 MiB, or of one row of tiles.
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

/// A block of the transformed gradient by the weights: `[positions, inputs, outputs]`.
private struct WeightTransform {
    private let buffer: Buffer
    private let m: Int, positions: Int, inputs: Int, outputs: Int
    private var position: Int { inputs * outputs + 16 }

    init(_ tiles: WinogradTiles, inputs: Int, outputs: Int) {
        (m, positions) = (tiles.m, tiles.positions)
        (self.inputs, self.outputs) = (inputs, outputs)
        buffer = Buffer(count: positions * (inputs * outputs + 16))
    }

    /// Adds vᵀ · d, at each position, of the channels that begin at `inputs` and `outputs`.
    func add(_ v: Transform, _ d: Transform, inputs first: Int, outputs firstOutput: Int, isFirst: Bool) {
        var product = ck_matrices(
            rows: inputs, columns: outputs, depth: v.count, groups: 1, count: positions,
            a: v.base + first, a_row: 1, a_step: v.channels, a_group: 0, a_next: v.position,
            b: d.base + firstOutput, b_step: d.channels, b_group: 0, b_block: 16, b_next: d.position,
            c: buffer.base, c_row: outputs, c_next: position)
        ck_product(&product, isFirst ? 0 : 1)
    }

    /// Transforms back: Gᵀ v G, into a corner of the filter's gradient.
    func write(_ g: ConvolutionGeometry, channels: Int, beta: Float, to gradient: UnsafeMutablePointer<Float>) {
        var tiles = ck_tiles(count: inputs, channels: channels, stride: outputs, position: position)
        ck_winograd_weights(
            Int32(m), &tiles, buffer.base, g.inputChannels, g.outputChannels, beta == 0 ? 0 : 1, gradient)
    }
}
