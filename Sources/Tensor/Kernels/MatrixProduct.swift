import CKernels

/// A product of two matrices, split into bands of result rows.
struct MatrixProduct {
    let m: Int, n: Int, k: Int
    let a: UnsafePointer<Float>, transposeA: Bool
    let b: UnsafePointer<Float>, transposeB: Bool

    init(_ a: Tensor, _ transposeA: Bool, _ b: Tensor, _ transposeB: Bool) {
        (m, k) = transposeA ? (a.shape[1], a.shape[0]) : (a.shape[0], a.shape[1])
        n = b.shape[transposeB ? 0 : 1]
        (self.a, self.transposeA, self.b, self.transposeB) = (a.pointer, transposeA, b.pointer, transposeB)
    }

    /// Computes `c = a · b + beta · c`.
    func write(to c: UnsafeMutablePointer<Float>, beta: Float) {
        guard m > 0 && n > 0 else { return }
        // About 2 Mflop per work item, in bands that are a multiple of 16 rows.
        let band = max(16, (1 << 20) / max(1, n * k) / 16 * 16)
        Parallel.forEachRange(of: m, length: band) { rows in
            BLAS.gemm(
                rows.count, n, k,
                a + rows.lowerBound * (transposeA ? 1 : k), lda: transposeA ? m : k, transposedA: transposeA,
                b, ldb: transposeB ? k : n, transposedB: transposeB,
                beta: beta, c + rows.lowerBound * n, ldc: n)
        }
    }
}

/// The right factor of a product in the order in which it is read: blocks of 16 columns, each row of a block
/// contiguous, the last block padded with zeros.
struct PackedMatrix {
    private let buffer: Buffer
    /// The number of floats per block.
    let block: Int

    var base: UnsafePointer<Float> { UnsafePointer(buffer.base) }

    /// Packs a matrix `[rows, columns]`.
    init(_ matrix: UnsafePointer<Float>, rows: Int, columns: Int) {
        block = 16 * rows
        buffer = Buffer(count: (columns + 15) / 16 * block)
        for start in stride(from: 0, to: columns, by: 16) {
            let width = min(16, columns - start)
            for row in 0..<rows {
                let target = buffer.base + start * rows + row * 16
                target.update(from: matrix + row * columns + start, count: width)
                if width < 16 { ck_fill(16 - width, 0, target + width) }
            }
        }
    }

    /// Packs the transpose of a matrix `[columns, rows]`.
    init(transposing matrix: UnsafePointer<Float>, rows: Int, columns: Int) {
        let turned = Buffer(count: rows * columns)
        ck_transpose(columns, rows, matrix, turned.base)
        self.init(turned.base, rows: rows, columns: columns)
        withExtendedLifetime(turned) {}
    }
}
