import CKernels

/// The definition itself as matrix products that read the images in place: the pixels of an output row are the rows
/// of the left matrix, `stride · in` floats apart and overlapping, and the windows' `kW · in` floats of each of the
/// `kH` image rows are its columns. Only the rows at the border of a padded image are gathered.
///
/// It suits few input channels, where transforms cost more than they save, and non-overlapping windows, as in the 2×2
/// transposed convolution.
struct DirectLowering: ConvolutionLowering {
    /// Returns whether output channels fill whole vectors and gradients do not need overlapping windows with a
    /// stride.
    static func applies(to g: ConvolutionGeometry) -> Bool {
        g.outputChannels % 16 == 0 && (tilesExactly(g) ? g.inputChannels % 16 == 0 : g.stride == 1 && g.rotated != nil)
    }

    /// Returns whether the windows tile the image exactly.
    private static func tilesExactly(_ g: ConvolutionGeometry) -> Bool {
        g.kernelHeight == g.stride && g.kernelWidth == g.stride && g.paddingTop == 0 && g.paddingLeft == 0
            && g.height == g.outputHeight * g.stride && g.width == g.outputWidth * g.stride
    }

    func forward(
        _ g: ConvolutionGeometry, input: ImageReader, filter: UnsafePointer<Float>, beta: Float,
        output: UnsafeMutablePointer<Float>
    ) {
        let packed = PackedMatrix(filter, rows: g.columns, columns: g.outputChannels)
        let window = g.kernelWidth * g.inputChannels
        forEachBand(g, input: input) { image, rows, band, bandRow in
            let first = (image * g.outputHeight + rows.lowerBound) * g.outputWidth
            for row in 0..<rows.count {
                var product = ck_matrices(
                    rows: g.outputWidth, columns: g.outputChannels, depth: window, groups: g.kernelHeight, count: 1,
                    a: band + row * g.stride * bandRow, a_row: g.stride * g.inputChannels, a_step: 1, a_group: bandRow,
                    a_next: 0,
                    b: packed.base, b_step: 16, b_group: 16 * window, b_block: packed.block, b_next: 0,
                    c: output + (first + row * g.outputWidth) * g.outputChannels, c_row: g.outputChannels, c_next: 0)
                ck_product(&product, beta == 0 ? 0 : 1)
            }
        }
    }

    func inputGradient(
        _ g: ConvolutionGeometry, upstream: UnsafePointer<Float>, filter: UnsafePointer<Float>, beta: Float,
        gradient: UnsafeMutablePointer<Float>
    ) {
        guard Self.tilesExactly(g) else {
            g.withRotatedFilter(filter) { rotated, turned in
                let images = rotated.images(upstream)
                forward(rotated, input: images, filter: turned, beta: beta, output: gradient)
            }
            return
        }
        // Each kernel row writes every stride-th image row: [width, out] · [out, kW · in].
        let window = g.kernelWidth * g.inputChannels
        let packed = (0..<g.kernelHeight).map { row in
            PackedMatrix(
                transposing: filter + row * window * g.outputChannels, rows: g.outputChannels, columns: window)
        }
        Parallel.forEachRange(of: g.batch * g.outputHeight, length: rowsOfBand(g)) { rows in
            for row in rows {
                for (u, packed) in packed.enumerated() {
                    var product = ck_matrices(
                        rows: g.outputWidth, columns: window, depth: g.outputChannels, groups: 1, count: 1,
                        a: upstream + row * g.outputWidth * g.outputChannels, a_row: g.outputChannels, a_step: 1,
                        a_group: 0, a_next: 0, b: packed.base, b_step: 16, b_group: 0, b_block: packed.block, b_next: 0,
                        c: gradient + (row * g.stride + u) * g.width * g.inputChannels, c_row: window, c_next: 0)
                    ck_product(&product, beta == 0 ? 0 : 1)
                }
            }
        }
    }

    func filterGradient(
        _ g: ConvolutionGeometry, input: ImageReader, upstream: UnsafePointer<Float>, beta: Float,
        gradient: UnsafeMutablePointer<Float>
    ) {
        let window = g.kernelWidth * g.inputChannels
        let bands = bandsOfImage(g)
        PartialSums(of: g.batch * bands, size: g.filterShape.count, minimumRows: 1).reduce(
            into: gradient, beta: beta
        ) { indices, partial in
            for index in indices {
                withBand(g, input: input, index) { image, rows, band, bandRow in
                    let first = (image * g.outputHeight + rows.lowerBound) * g.outputWidth
                    for u in 0..<g.kernelHeight {
                        var product = ck_matrices(
                            rows: window, columns: g.outputChannels, depth: g.outputWidth, groups: rows.count, count: 1,
                            a: band + u * bandRow, a_row: 1, a_step: g.stride * g.inputChannels,
                            a_group: g.stride * bandRow, a_next: 0, b: upstream + first * g.outputChannels,
                            b_step: g.outputChannels, b_group: g.outputWidth * g.outputChannels, b_block: 16, b_next: 0,
                            c: partial + u * window * g.outputChannels, c_row: g.outputChannels, c_next: 0)
                        ck_product(&product, index == indices.lowerBound ? 0 : 1)
                    }
                }
            }
        }
    }

    // Bands of output rows

    /// Returns the number of output rows per band: about 128 KiB of output.
    private func rowsOfBand(_ g: ConvolutionGeometry) -> Int {
        max(1, min(g.outputHeight, (1 << 15) / (g.outputWidth * g.outputChannels)))
    }

    private func bandsOfImage(_ g: ConvolutionGeometry) -> Int {
        (g.outputHeight + rowsOfBand(g) - 1) / rowsOfBand(g)
    }

    private typealias Band = (
        _ image: Int, _ rows: Range<Int>, _ band: UnsafePointer<Float>, _ bandRow: Int
    ) -> Void

    private func forEachBand(_ g: ConvolutionGeometry, input: ImageReader, _ body: Band) {
        Parallel.forEach(g.batch * bandsOfImage(g)) { withBand(g, input: input, $0, body) }
    }

    /// Calls `body` with the image rows under band number `index`, including the border.
    private func withBand(_ g: ConvolutionGeometry, input: ImageReader, _ index: Int, _ body: Band) {
        let bands = bandsOfImage(g), length = rowsOfBand(g)
        let (image, start) = (index / bands, index % bands * length)
        let rows = start..<min(g.outputHeight, start + length)
        let top = rows.lowerBound * g.stride - g.paddingTop
        let width = (g.outputWidth - 1) * g.stride + g.kernelWidth
        if let memory = input.memory, g.paddingTop == 0, g.paddingLeft == 0 {
            let bandRow = g.width * g.inputChannels
            body(image, rows, memory + (image * g.height + top) * bandRow, bandRow)
            return
        }
        let height = (rows.count - 1) * g.stride + g.kernelHeight
        let buffer = Buffer(count: height * width * g.inputChannels)
        withExtendedLifetime(buffer) {
            input.load(
                image: image, rows: top..<top + height, columns: -g.paddingLeft..<width - g.paddingLeft,
                stride: g.inputChannels, into: buffer.base)
            body(image, rows, buffer.base, width * g.inputChannels)
        }
    }
}
