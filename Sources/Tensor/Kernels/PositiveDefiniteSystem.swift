import CBLAS

/// The solution of `A X = B` for a symmetric positive definite A in Double, by LAPACK's `dposv` (Cholesky) on one thread.
enum PositiveDefiniteSystem {
    /// X, row-major: `[extent, columns]`; `nil` where A is not positive definite.
    ///
    /// - Precondition: `matrix` holds `extent²` and `right` `extent · columns` elements, row-major.
    static func solve(_ matrix: [Double], _ right: [Double], extent: Int, columns: Int) -> [Double]? {
        precondition(
            matrix.count == extent * extent && right.count == extent * columns,
            "\(matrix.count) and \(right.count) elements for an extent of \(extent) and \(columns) columns")
        if extent == 0 || columns == 0 { return right }
        BLAS.useOneThread()
        var (matrix, solution) = (matrix, right)
        let status = LAPACKE_dposv(
            LAPACK_ROW_MAJOR, CChar(UInt8(ascii: "U")), .init(extent), .init(columns), &matrix, .init(extent),
            &solution, .init(columns))
        precondition(status >= 0, "dposv ends with \(status) for an extent of \(extent)")
        return status == 0 ? solution : nil
    }
}
