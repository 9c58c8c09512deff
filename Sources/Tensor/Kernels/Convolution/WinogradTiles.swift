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
    /// cache of about 1 MiB: at least 24 tiles, and 48 of wide layers, so that products are worth their filter, and at
    /// most an eighth of all tiles.
    func rowsOfBlock(channels: Int) -> Int {
        let fitting = (100 << 10) / (positions * channels)
        let wanted = max(channels < 512 ? 24 : 48, min(fitting, count / 8))
        return max(1, min(rows, (wanted + columns / 2) / columns))
    }

    /// Transforms the input under some rows of tiles: Bᵀ x B.
    func transform(_ input: ImageReader, _ rows: Range<Int>, into v: Transform, at first: Int = 0) {
        let pixels = Pixels(reader: input, extent: m + 2, top: -g.paddingTop, left: -g.paddingLeft, channels: inputs)
        forEachPiece(of: rows, pixels) { tile, count, source, row in
            var part = v.tiles(count: count)
            ck_winograd_input(
                Int32(m), &part, source, row, v.base + (tile + (first - rows.lowerBound) * columns) * v.channels)
        }
    }

    /// Transforms the upstream gradient of some rows of tiles: A dy Aᵀ.
    func transform(upstream: ImageReader, _ rows: Range<Int>, into v: Transform, at first: Int = 0) {
        let pixels = Pixels(reader: upstream, extent: m, top: 0, left: 0, channels: outputs)
        forEachPiece(of: rows, pixels) { tile, count, source, row in
            var part = v.tiles(count: count)
            ck_winograd_upstream(
                Int32(m), &part, source, row, v.base + (tile + (first - rows.lowerBound) * columns) * v.channels)
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

    /// The pixels under the tiles: those of the first tile begin at (top, left), and extent² pixels belong to each.
    private struct Pixels {
        let reader: ImageReader
        let extent: Int, top: Int, left: Int
        /// The number of channels with those that fill the last vector.
        let channels: Int
    }

    /// Calls `body` for neighboring tiles with their number, how many they are, the pixels under them, and the number
    /// of floats from one row of pixels to the next.
    ///
    /// Pixels are read in place where they are stored as wanted and lie inside the image. All others are first loaded
    /// into a band, for as many tiles as have a band that stays in the nearest caches.
    private func forEachPiece(
        of rows: Range<Int>, _ p: Pixels,
        _ body: (_ tile: Int, _ count: Int, _ pixels: UnsafePointer<Float>, _ row: Int) -> Void
    ) {
        let (reader, row) = (p.reader, p.reader.width * p.channels)
        let memory = reader.channels == p.channels ? reader.memory : nil
        // The tiles of a row that lie between the left and the right edge of the image.
        let left = (m - 1 - p.left) / m, right = (reader.width - p.left - p.extent + m) / m
        let inner = left..<max(left, right)
        let length = max(1, min(columns, (24 << 10) / (m * p.extent * p.channels)))
        let band = Buffer(count: p.extent * (m * length + p.extent - m) * p.channels)
        func load(_ tiles: Range<Int>, image: Int, top: Int, number: Int) {
            for first in stride(from: tiles.lowerBound, to: tiles.upperBound, by: length) {
                let count = min(length, tiles.upperBound - first)
                let left = p.left + m * first, width = m * count + p.extent - m
                reader.load(
                    image: image, rows: top..<top + p.extent, columns: left..<left + width, stride: p.channels,
                    into: band.base)
                body(number + first, count, band.base, width * p.channels)
            }
        }
        for tileRow in rows {
            let image = tileRow / rowsOfImage, top = p.top + tileRow % rowsOfImage * m, number = tileRow * columns
            guard let memory, top >= 0, top + p.extent <= reader.height, !inner.isEmpty else {
                load(0..<columns, image: image, top: top, number: number)
                continue
            }
            load(0..<inner.lowerBound, image: image, top: top, number: number)
            let pixel = (image * reader.height + top) * reader.width + p.left + inner.lowerBound * m
            body(number + inner.lowerBound, inner.count, memory + pixel * p.channels, row)
            load(inner.upperBound..<columns, image: image, top: top, number: number)
        }
        withExtendedLifetime(band) {}
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
