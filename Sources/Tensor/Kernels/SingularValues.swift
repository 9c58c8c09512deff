import CBLAS

/// The singular value decomposition of a matrix in Double, `A = U · diag(values) · V`, by LAPACK's `dgesdd` on one
/// thread.
struct SingularValues {
    /// The smaller extent of A.
    let count: Int
    /// The singular values, the largest first.
    let values: [Double]
    /// U, row-major: `[rows, count]`.
    let left: [Double]
    /// V, row-major: its rows are the right singular vectors. `[count, columns]`.
    let right: [Double]

    /// - Precondition: `matrix` holds `rows · columns` finite elements in row-major order.
    init(of matrix: [Double], rows: Int, columns: Int) {
        precondition(matrix.count == rows * columns, "\(matrix.count) elements for \(rows) rows, \(columns) columns")
        count = min(rows, columns)
        var (values, right) = ([Double](repeating: 0, count: count), [Double](repeating: 0, count: count * columns))
        var (left, work) = ([Double](repeating: 0, count: rows * count), matrix)
        if count > 0 {
            BLAS.useOneThread()
            // In columns, which is how LAPACK counts, the matrix is its transpose: Aᵀ = Vᵀ · diag(values) · Uᵀ.
            let status = LAPACKE_dgesdd(
                LAPACK_COL_MAJOR, CChar(UInt8(ascii: "S")), .init(columns), .init(rows), &work,
                .init(columns), &values, &right, .init(columns), &left, .init(count))
            precondition(status == 0, "dgesdd ends with \(status) for \(rows) rows and \(columns) columns")
        }
        (self.values, self.left, self.right) = (values, left, right)
    }
}
