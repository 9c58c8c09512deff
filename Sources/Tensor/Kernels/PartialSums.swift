import CKernels

/// A sum over many rows, split into pieces that are summed at the same time and then added in order.
///
/// The number of pieces depends on the number of rows and on the size of the result only, so that the result has the
/// same bits on any number of threads.
struct PartialSums {
    private let rows: Int, size: Int, length: Int

    /// A sum over `rows` rows whose result has `size` elements. Partial results take at most 16 MiB.
    init(of rows: Int, size: Int, minimumRows: Int = 256) {
        let pieces = max(1, min(16, rows / minimumRows, (1 << 22) / max(1, size)))
        (self.rows, self.size) = (rows, size)
        length = max(1, (rows + pieces - 1) / pieces)
    }

    /// `result = Σ + beta · result`. `body` overwrites the memory it is given with the sum over its rows.
    func reduce(
        into result: UnsafeMutablePointer<Float>, beta: Float,
        _ body: (Range<Int>, UnsafeMutablePointer<Float>) -> Void
    ) {
        let pieces = (rows + length - 1) / length
        if pieces == 1 && beta == 0 { return body(0..<rows, result) }
        let partials = Buffer(count: size * max(1, pieces))
        withExtendedLifetime(partials) {
            let base = partials.base
            Parallel.forEachRange(of: rows, length: length) { range in
                body(range, base + range.lowerBound / length * size)
            }
            Parallel.forEachRange(of: size, length: Tensor.grain) { part in
                let target = result + part.lowerBound
                for piece in 0..<pieces {
                    let source = base + piece * size + part.lowerBound
                    if piece == 0 && beta == 0 {
                        target.update(from: source, count: part.count)
                    } else {
                        ck_axpy(part.count, 1, source, target)
                    }
                }
            }
        }
    }
}
