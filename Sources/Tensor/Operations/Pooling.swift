import CKernels

/// Returns the maximum of each window and channel. The gradient goes to the first position of the maximum.
///
/// **Shapes** `[batch, height, width, channels]` →
/// `[batch, (height − size) / stride + 1, (width − size) / stride + 1, channels]`; `stride` defaults to `size`.
///
/// - Precondition: The window is no larger than the image.
public func maxPool(_ x: Variable, size: Int = 2, stride: Int? = nil) -> Variable {
    let pool = Pool(x, size: size, stride: stride ?? size)
    var y = Tensor(uninitialized: pool.geometry.outputShape)
    let target = y.mutablePointer()
    pool.forEachBand { windows, band in
        ck_max_pool(windows, 0, band.windows, band.input, target + band.output)
    }
    return x.tape.record(y, operands: x.id) { [x = x.id] upstream, adjoints in
        let upstream = upstream.pointer
        adjoints.accumulate(into: x, shape: pool.geometry.inputShape) { memory, beta in
            pool.forEachBand(disjoint: true) { windows, band in
                let adds = beta != 0 || !pool.windowsPartitionTheImage
                if beta == 0 && adds { ck_fill(band.inputs, 0, memory + band.start) }
                ck_max_pool_backward(
                    windows, 0, band.windows, band.input, y.pointer + band.output, upstream + band.output,
                    adds ? 1 : 0, memory + band.start)
            }
        }
    }
}

/// Returns the mean over each window and channel.
///
/// **Shapes** As for `maxPool`.
///
/// - Precondition: The window is no larger than the image.
public func averagePool(_ x: Variable, size: Int = 2, stride: Int? = nil) -> Variable {
    let pool = Pool(x, size: size, stride: stride ?? size)
    var y = Tensor(uninitialized: pool.geometry.outputShape)
    let target = y.mutablePointer()
    pool.forEachBand { windows, band in
        ck_average_pool(windows, 0, band.windows, band.input, target + band.output)
    }
    return x.tape.record(y, operands: x.id) { [x = x.id] upstream, adjoints in
        let upstream = upstream.pointer
        adjoints.accumulate(into: x, shape: pool.geometry.inputShape) { memory, beta in
            pool.forEachBand(disjoint: true) { windows, band in
                if beta == 0 { ck_fill(band.inputs, 0, memory + band.start) }
                ck_average_pool_backward(windows, 0, band.windows, upstream + band.output, memory + band.start)
            }
        }
    }
}

/// Returns the mean over all pixels.
///
/// **Shapes** `[batch, height, width, channels]` → `[batch, channels]`.
public func globalAveragePool(_ x: Variable) -> Variable {
    precondition(x.shape.rank == 4, "global pooling of \(x.shape): [batch, height, width, channels] wanted")
    let (batch, pixels, channels) = (x.shape[0], x.shape[1] * x.shape[2], x.shape[3])
    var y = Tensor(zeros: [batch, channels])
    let (source, target) = (x.value.pointer, y.mutablePointer())
    Parallel.forEach(batch) { image in
        ck_column_sum(pixels, channels, source + image * pixels * channels, target + image * channels)
        ck_scale(channels, 1 / Float(pixels), target + image * channels, target + image * channels)
    }
    return x.tape.record(y, operands: x.id) { [x = x.id, shape = x.shape] upstream, adjoints in
        adjoints.accumulate(into: x, shape: shape) { memory, beta in
            Parallel.forEach(batch) { image in
                let gradient = memory + image * pixels * channels
                if beta == 0 { ck_fill(pixels * channels, 0, gradient) }
                var share = upstream.rows(image..<image + 1)
                share.scale(by: 1 / Float(pixels))
                ck_add_row(pixels, channels, share.pointer, gradient)
            }
        }
    }
}

/// The windows of a pooling operation, over images that may be normalized as they are read.
private struct Pool {
    let geometry: ConvolutionGeometry
    private let parts: [DeferredImages.Part]

    init(_ x: Variable, size: Int, stride: Int) {
        precondition(x.shape.rank == 4, "pooling of \(x.shape): [batch, height, width, channels] wanted")
        geometry = ConvolutionGeometry(
            input: x.shape, filter: [size, size, x.shape[3], x.shape[3]], stride: stride, padding: 0)
        parts = x.parts
    }

    /// Whether every pixel lies in exactly one window.
    var windowsPartitionTheImage: Bool {
        let g = geometry
        return g.kernelHeight == g.stride && g.kernelWidth == g.stride && g.height % g.stride == 0
            && g.width % g.stride == 0
    }

    /// Some rows of windows of one image.
    struct Band {
        /// The pixels under the windows.
        var input: UnsafePointer<Float>
        /// The offset of these pixels in the input, and the distance to the next band, in elements.
        var start: Int, inputs: Int
        /// The number of windows, and the offset of their results.
        var windows: Int, output: Int
    }

    /// Calls `body` for bands that cover the output. If `disjoint`, they partition the input.
    func forEachBand(disjoint: Bool = false, _ body: (UnsafePointer<ck_windows>, Band) -> Void) {
        let g = geometry, row = g.width * g.inputChannels
        let reader = ImageReader(parts, height: g.height, width: g.width)
        let overlap = g.kernelHeight > g.stride
        let length =
            disjoint && overlap ? g.outputHeight : max(1, min(g.outputHeight, Tensor.grain / (row * g.kernelHeight)))
        let bands = (g.outputHeight + length - 1) / length
        Parallel.forEach(g.batch * bands) { index in
            let (image, first) = (index / bands, index % bands * length)
            let rows = first..<min(g.outputHeight, first + length)
            let top = rows.lowerBound * g.stride
            let height = (rows.count - 1) * g.stride + g.kernelHeight
            let bottom = rows.upperBound == g.outputHeight ? g.height : rows.upperBound * g.stride
            var windows = g.windows
            windows.height = Int32(height)
            windows.output_height = Int32(rows.count)
            func call(_ input: UnsafePointer<Float>) {
                body(
                    &windows,
                    Band(
                        input: input, start: (image * g.height + top) * row, inputs: (bottom - top) * row,
                        windows: rows.count * g.outputWidth,
                        output: (image * g.outputHeight + rows.lowerBound) * g.outputWidth * g.outputChannels))
            }
            if let memory = reader.memory { return call(memory + (image * g.height + top) * row) }
            let buffer = Buffer(count: height * row)
            reader.load(
                image: image, rows: top..<top + height, columns: 0..<g.width, stride: g.inputChannels,
                into: buffer.base)
            call(buffer.base)
            withExtendedLifetime(buffer) {}
        }
        withExtendedLifetime(parts) {}
    }
}
