import CKernels

/// The tiles of m × m output pixels into which the images of a convolution are divided, numbered by rows of tiles
/// through the whole batch.
struct WinogradTiles {
    let g: ConvolutionGeometry
    let m: Int
    /// The number of tiles per row, and of rows of tiles per image and in the batch.
    let columns: Int, rowsOfImage: Int, rows: Int
    /// The number of channels, rounded up to whole vectors.
    let inputs: Int, outputs: Int

    init(_ g: ConvolutionGeometry, m: Int) {
        (self.g, self.m) = (g, m)
        columns = (g.outputWidth + m - 1) / m
        rowsOfImage = (g.outputHeight + m - 1) / m
        rows = g.batch * rowsOfImage
        inputs = (g.inputChannels + 15) / 16 * 16
        outputs = (g.outputChannels + 15) / 16 * 16
    }

    var count: Int { rows * columns }
    var positions: Int { (m + 2) * (m + 2) }

    /// Returns the number of rows of tiles whose transforms, with `channels` floats per tile and position, fit in a
    /// cache of about 1 MiB: at least 24 tiles, so that products are worth their filter, and at most an eighth of all
    /// tiles.
    func rowsOfBlock(channels: Int) -> Int {
        let fitting = (100 << 10) / (positions * channels)
        let wanted = max(24, min(fitting, count / 8))
        return max(1, min(rows, wanted / columns))
    }

    /// Transforms the input under some rows of tiles: Bᵀ x B.
    func transform(_ input: ImageReader, _ rows: Range<Int>, into v: Transform, at first: Int = 0) {
        withBand(rows, extent: m + 2, width: m * columns + 2, channels: inputs) { row, image, tile, band, bandRow in
            input.load(
                image: image, rows: tile - g.paddingTop..<tile - g.paddingTop + m + 2,
                columns: -g.paddingLeft..<m * columns + 2 - g.paddingLeft, stride: inputs, into: band)
            var tiles = v.tiles(count: columns)
            ck_winograd_input(
                Int32(m), &tiles, band, bandRow, v.base + (first + row - rows.lowerBound) * columns * v.channels)
        }
    }

    /// Transforms the upstream gradient of some rows of tiles: A dy Aᵀ.
    func transform(upstream: ImageReader, _ rows: Range<Int>, into v: Transform, at first: Int = 0) {
        withBand(rows, extent: m, width: m * columns, channels: outputs) { row, image, tile, band, bandRow in
            upstream.load(
                image: image, rows: tile..<tile + m, columns: 0..<m * columns, stride: outputs, into: band)
            var tiles = v.tiles(count: columns)
            ck_winograd_upstream(
                Int32(m), &tiles, band, bandRow, v.base + (first + row - rows.lowerBound) * columns * v.channels)
        }
    }

    /// Transforms products back, Aᵀ v A, and writes them to some rows of tiles and some channels of the output.
    func write(
        _ v: Transform, _ rows: Range<Int>, channels: Range<Int>, beta: Float, output: UnsafeMutablePointer<Float>
    ) {
        let stride = g.outputChannels
        for row in rows {
            let (image, tile) = (row / rowsOfImage, row % rowsOfImage * m)
            let height = min(m, g.outputHeight - tile)
            let first = (image * g.outputHeight + tile) * g.outputWidth
            var tiles = v.tiles(count: columns)
            tiles.channels = channels.count
            var block = ck_block(
                rows: height, columns: g.outputWidth, row: g.outputWidth * stride, stride: stride)
            ck_winograd_output(
                Int32(m), &tiles, v.base + (row - rows.lowerBound) * columns * v.channels, &block, beta == 0 ? 0 : 1,
                output + first * stride + channels.lowerBound)
        }
    }

    /// Calls `body` for each row of tiles, with memory for the band of pixels under it.
    private func withBand(
        _ rows: Range<Int>, extent: Int, width: Int, channels: Int,
        _ body: (_ row: Int, _ image: Int, _ top: Int, _ band: UnsafeMutablePointer<Float>, _ bandRow: Int) -> Void
    ) {
        let buffer = Buffer(count: extent * width * channels)
        withExtendedLifetime(buffer) {
            for row in rows {
                body(row, row / rowsOfImage, row % rowsOfImage * m, buffer.base, width * channels)
            }
        }
    }
}

/// Transformed tiles, `[positions, tiles, channels]`, with a gap between positions that avoids cache conflicts.
struct Transform {
    private let buffer: Buffer
    let channels: Int, position: Int
    private(set) var count: Int

    init(_ tiles: WinogradTiles, rows: Int, channels: Int) {
        count = rows * tiles.columns
        self.channels = channels
        position = count * channels + 16
        buffer = Buffer(count: tiles.positions * position)
    }

    var base: UnsafeMutablePointer<Float> { buffer.base }

    /// Returns the first `count` tiles.
    func prefix(_ count: Int) -> Transform {
        var part = self
        part.count = count
        return part
    }

    func tiles(count: Int) -> ck_tiles {
        ck_tiles(count: count, channels: channels, stride: channels, position: position)
    }
}
