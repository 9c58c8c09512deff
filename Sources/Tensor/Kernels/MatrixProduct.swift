/// A product of two matrices, split over bands of rows of the result.
struct MatrixProduct {
    let m: Int, n: Int, k: Int
    let a: UnsafePointer<Float>, transposeA: Bool
    let b: UnsafePointer<Float>, transposeB: Bool

    init(_ a: Tensor, _ transposeA: Bool, _ b: Tensor, _ transposeB: Bool) {
        (m, k) = transposeA ? (a.shape[1], a.shape[0]) : (a.shape[0], a.shape[1])
        n = b.shape[transposeB ? 0 : 1]
        (self.a, self.transposeA, self.b, self.transposeB) = (a.pointer, transposeA, b.pointer, transposeB)
    }

    /// `c = a · b + beta · c`.
    func write(to c: UnsafeMutablePointer<Float>, beta: Float) {
        guard m > 0 && n > 0 else { return }
        // About 2 Mflop a piece, in bands that are a multiple of sixteen rows.
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
