import CKernels

#if canImport(Accelerate)
import CAccelerate
#else
import CBLAS
#endif

/// The routines of BLAS and LAPACK that this module uses, each on one thread; `Parallel` splits the work at a higher
/// level.
///
/// They are OpenBLAS's, or Accelerate's on Apple platforms. Matrices are row-major.
enum BLAS {
    private static let singleThreaded: Void = {
        #if canImport(Accelerate)
        accelerate_use_one_thread()
        #else
        openblas_set_num_threads(1)
        #endif
    }()

    /// Computes `c = alpha · op(a) · op(b) + beta · c`: op(a) is `m × k`, op(b) is `k × n`.
    ///
    /// `lda`, `ldb`, and `ldc` are the distances between rows as stored.
    static func gemm(
        _ m: Int, _ n: Int, _ k: Int, alpha: Float = 1,
        _ a: UnsafePointer<Float>, lda: Int, transposedA transposeA: Bool = false,
        _ b: UnsafePointer<Float>, ldb: Int, transposedB transposeB: Bool = false,
        beta: Float = 0, _ c: UnsafeMutablePointer<Float>, ldc: Int
    ) {
        singleThreaded
        #if canImport(Accelerate)
        accelerate_sgemm(
            transposeA ? 1 : 0, transposeB ? 1 : 0, Int32(m), Int32(n), Int32(k), alpha, a, Int32(lda), b, Int32(ldb),
            beta, c, Int32(ldc))
        #else
        cblas_sgemm(
            CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans,
            blasint(m), blasint(n), blasint(k), alpha, a, blasint(lda), b, blasint(ldb), beta, c, blasint(ldc))
        #endif
    }

    /// Returns the upper triangle of `xᵀ · x`, `[width, width]`, and `xᵀ · y`, `[width, height]`.
    ///
    /// - Precondition: `x` holds `rows · width` elements, and `y` `rows · height`.
    static func normalEquations(
        _ x: [Double], _ y: [Double], rows: Int, width: Int, height: Int
    ) -> (gram: [Double], moment: [Double]) {
        precondition(x.count == rows * width && y.count == rows * height, "\(x.count) and \(y.count) elements")
        var gram = [Double](repeating: 0, count: width * width)
        var moment = [Double](repeating: 0, count: width * height)
        guard width > 0 && height > 0 else { return (gram, moment) }
        singleThreaded
        #if canImport(Accelerate)
        accelerate_normal_equations(Int32(rows), Int32(width), Int32(height), x, y, &gram, &moment)
        #else
        cblas_dsyrk(
            CblasRowMajor, CblasUpper, CblasTrans, .init(width), .init(rows), 1, x, .init(width), 0, &gram,
            .init(width))
        cblas_dgemm(
            CblasRowMajor, CblasTrans, CblasNoTrans, .init(width), .init(height), .init(rows), 1, x, .init(width), y,
            .init(height), 0, &moment, .init(height))
        #endif
        return (gram, moment)
    }

    /// Solves `a · x = b` by Cholesky decomposition; returns x, or `nil` if `a` is not positive definite.
    ///
    /// - Precondition: `a` holds `extent²` elements, of which the upper triangle is read, and `b` holds
    ///   `extent · columns`.
    static func solvePositiveDefinite(_ a: [Double], _ b: [Double], extent: Int, columns: Int) -> [Double]? {
        precondition(
            a.count == extent * extent && b.count == extent * columns,
            "\(a.count) and \(b.count) elements for an extent of \(extent) and \(columns) columns")
        if extent == 0 || columns == 0 { return b }
        singleThreaded
        var (matrix, solution) = (a, b)
        #if canImport(Accelerate)
        let status = accelerate_dposv(Int32(extent), Int32(columns), &matrix, &solution)
        #else
        let status = LAPACKE_dposv(
            LAPACK_ROW_MAJOR, CChar(UInt8(ascii: "U")), .init(extent), .init(columns), &matrix, .init(extent),
            &solution, .init(columns))
        #endif
        precondition(status >= 0, "dposv ends with \(status) for an extent of \(extent)")
        return status == 0 ? solution : nil
    }

    /// Returns the singular value decomposition `a = left · diag(values) · right`; the values are in descending order.
    ///
    /// **Shapes** With `count = min(rows, columns)`: `values [count]`, `left [rows, count]`, `right [count, columns]`.
    ///
    /// - Precondition: `a` holds `rows · columns` finite elements.
    static func singularValues(
        of a: [Double], rows: Int, columns: Int
    ) -> (values: [Double], left: [Double], right: [Double]) {
        precondition(a.count == rows * columns, "\(a.count) elements for \(rows) rows, \(columns) columns")
        let count = min(rows, columns)
        var (values, right) = ([Double](repeating: 0, count: count), [Double](repeating: 0, count: count * columns))
        var (left, work) = ([Double](repeating: 0, count: rows * count), a)
        guard count > 0 else { return (values, left, right) }
        singleThreaded
        #if canImport(Accelerate)
        let status = accelerate_dgesdd(Int32(rows), Int32(columns), &work, &values, &left, &right)
        #else
        // LAPACK is column-major, so it sees the transpose: Aᵀ = Vᵀ · diag(values) · Uᵀ.
        let status = LAPACKE_dgesdd(
            LAPACK_COL_MAJOR, CChar(UInt8(ascii: "S")), .init(columns), .init(rows), &work,
            .init(columns), &values, &right, .init(columns), &left, .init(count))
        #endif
        precondition(status == 0, "dgesdd ends with \(status) for \(rows) rows and \(columns) columns")
        return (values, left, right)
    }
}

/// The libraries and instruction set in use, on which the bits of a result depend in addition to its inputs.
public enum Machine {
    /// The version, options, and processor that the loaded OpenBLAS reports, or `Accelerate`.
    public static var blas: String {
        #if canImport(Accelerate)
        "Accelerate"
        #else
        String(cString: openblas_get_config())
        #endif
    }

    /// The instruction set of this package's kernels: `avx512`, `avx2`, or `baseline`. The environment variable
    /// `TENSOR_ISA` selects a lower one.
    public static var instructionSet: String { String(cString: ck_level()) }
}
