import CKernels

/// The source of the pixels of an enlarged image.
public enum Upsampling: String, Hashable, Sendable, Codable {
    /// The nearest pixel.
    case nearest
    /// The weighted mean of the four nearest pixels; pixel centers lie at half-integers (`align_corners=False` in
    /// PyTorch), and the border pixels continue outside.
    case bilinear
}

/// Returns images enlarged by an integer factor.
///
/// **Shapes** `[batch, height, width, channels]` → `[batch, factor · height, factor · width, channels]`.
///
/// - Precondition: Images of rank 4, and a factor of at least 1.
public func upsample(_ x: Variable, by factor: Int, method: Upsampling = .bilinear) -> Variable {
    precondition(
        x.shape.rank == 4 && factor > 0,
        "upsampling of \(x.shape) by \(factor): [batch, height, width, channels] wanted")
    let (batch, height, width, channels) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3])
    let (rows, columns) = (Taps.of(height, factor, method), Taps.of(width, factor, method))
    let (pixels, enlarged) = (height * width * channels, rows.count * columns.count * channels)
    var y = Tensor(zeros: [batch, rows.count, columns.count, channels])
    let (source, target) = (x.value.pointer, y.mutablePointer())

    /// Calls `body` with the offsets of every enlarged pixel and of each pixel that contributes to it.
    func forEachPair(_ body: (_ enlarged: Int, _ pixel: Int, _ weight: Float) -> Void) {
        for (i, row) in rows.enumerated() {
            for (j, column) in columns.enumerated() {
                for (r, vertical) in row.pairs {
                    for (c, horizontal) in column.pairs {
                        body((i * columns.count + j) * channels, (r * width + c) * channels, vertical * horizontal)
                    }
                }
            }
        }
    }
    Parallel.forEach(batch) { image in
        let (source, target) = (source + image * pixels, target + image * enlarged)
        forEachPair { ck_axpy(channels, $2, source + $1, target + $0) }
    }
    return x.tape.record(y, operands: x.id) { [id = x.id, shape = x.shape] upstream, adjoints in
        var gradient = Tensor(zeros: shape)
        let (above, memory) = (upstream.pointer, gradient.mutablePointer())
        Parallel.forEach(batch) { image in
            let (above, memory) = (above + image * enlarged, memory + image * pixels)
            forEachPair { ck_axpy(channels, $2, above + $0, memory + $1) }
        }
        adjoints.add(gradient, to: id)
    }
}

/// The pixels along one axis that contribute to an enlarged pixel, and their weights.
private struct Taps {
    let pairs: [(index: Int, weight: Float)]

    static func of(_ extent: Int, _ factor: Int, _ method: Upsampling) -> [Taps] {
        (0..<extent * factor).map { index in
            if method == .nearest { return Taps(pairs: [(index / factor, 1)]) }
            let position = max(0, (Float(index) + 0.5) / Float(factor) - 0.5)
            let first = Int(position), weight = position - Float(first)
            return Taps(pairs: [(first, 1 - weight), (min(first + 1, extent - 1), weight)].filter { $0.1 > 0 })
        }
    }
}
