import CKernels

/// The largest value of each window and channel. The derivative goes to the first position that holds it.
///
/// **Shapes** `[batch, height, width, channels]` →
/// `[batch, (height − size) / stride + 1, (width − size) / stride + 1, channels]`; `stride` is `size` unless given.
///
/// - Precondition: a window no larger than the image.
public func maxPool(_ x: Variable, size: Int = 2, stride: Int? = nil) -> Variable {
    let pool = Pool(x.shape, size: size, stride: stride ?? size)
    let input = x.value
    var y = Tensor(uninitialized: pool.geometry.outputShape)
    let target = y.mutablePointer()
    pool.forEachBand { windows, first, last in ck_max_pool(windows, first, last, input.pointer, target) }
    return x.tape.record(y, operands: x.id) { [x = x.id] upstream, adjoints in
        adjoints.accumulate(into: x, shape: input.shape) { memory, beta in
            pool.scatter(into: memory, beta: beta) { windows, first, last in
                ck_max_pool_backward(windows, first, last, input.pointer, y.pointer, upstream.pointer, memory)
            }
        }
    }
}

/// The mean over each window and channel.
///
/// **Shapes** as for `maxPool`.
///
/// - Precondition: a window no larger than the image.
public func averagePool(_ x: Variable, size: Int = 2, stride: Int? = nil) -> Variable {
    let pool = Pool(x.shape, size: size, stride: stride ?? size)
    let input = x.value
    var y = Tensor(uninitialized: pool.geometry.outputShape)
    let target = y.mutablePointer()
    pool.forEachBand { windows, first, last in ck_average_pool(windows, first, last, input.pointer, target) }
    return x.tape.record(y, operands: x.id) { [x = x.id, shape = x.shape] upstream, adjoints in
        adjoints.accumulate(into: x, shape: shape) { memory, beta in
            pool.scatter(into: memory, beta: beta) { windows, first, last in
                ck_average_pool_backward(windows, first, last, upstream.pointer, memory)
            }
        }
    }
}

/// The mean over all pixels.
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

/// The windows of a pooling.
private struct Pool: Sendable {
    let geometry: ConvolutionGeometry

    init(_ shape: Tensor.Shape, size: Int, stride: Int) {
        precondition(shape.rank == 4, "pooling of \(shape): [batch, height, width, channels] wanted")
        geometry = ConvolutionGeometry(
            input: shape, filter: [size, size, shape[3], shape[3]], stride: stride, padding: 0)
    }

    /// Calls `body` with ranges of output pixels.
    func forEachBand(_ body: (UnsafePointer<ck_windows>, Int, Int) -> Void) {
        let band = max(1, Tensor.grain / max(1, geometry.columns))
        withUnsafePointer(to: geometry.windows) { windows in
            Parallel.forEachRange(of: geometry.rows, length: band) { body(windows, $0.lowerBound, $0.upperBound) }
        }
    }

    /// Clears `gradient` unless it holds a sum, and calls `body` with ranges of output pixels that never share an input
    /// pixel.
    func scatter(
        into gradient: UnsafeMutablePointer<Float>, beta: Float, _ body: (UnsafePointer<ck_windows>, Int, Int) -> Void
    ) {
        let image = geometry.height * geometry.width * geometry.inputChannels
        withUnsafePointer(to: geometry.windows) { windows in
            Parallel.forEach(geometry.batch) { index in
                if beta == 0 { ck_fill(image, 0, gradient + index * image) }
                body(windows, index * geometry.pixels, (index + 1) * geometry.pixels)
            }
        }
    }
}
