import CBLAS
import CKernels

/// General matrix products on one thread; `Parallel` splits the work at a higher level.
enum BLAS {
    private static let singleThreaded: Void = openblas_set_num_threads(1)

    /// Limits OpenBLAS to one thread; call it before any routine of OpenBLAS or LAPACK.
    static func useOneThread() { singleThreaded }

    /// Computes `c = alpha · op(a) · op(b) + beta · c` for row-major matrices: op(a) is `m × k`, op(b) is `k × n`.
    ///
    /// `lda`, `ldb`, and `ldc` are the distances between rows as stored.
    static func gemm(
        _ m: Int, _ n: Int, _ k: Int, alpha: Float = 1,
        _ a: UnsafePointer<Float>, lda: Int, transposedA transposeA: Bool = false,
        _ b: UnsafePointer<Float>, ldb: Int, transposedB transposeB: Bool = false,
        beta: Float = 0, _ c: UnsafeMutablePointer<Float>, ldc: Int
    ) {
        useOneThread()
        cblas_sgemm(
            CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans,
            blasint(m), blasint(n), blasint(k), alpha, a, blasint(lda), b, blasint(ldb), beta, c, blasint(ldc))
    }
}

/// The libraries and instruction set in use, on which the bits of a result depend in addition to its inputs.
public enum Machine {
    /// The version, options, and processor that the loaded OpenBLAS reports.
    public static var blas: String { String(cString: openblas_get_config()) }

    /// The instruction set of this package's kernels: `avx512`, `avx2`, or `baseline`. The environment variable
    /// `TENSOR_ISA` selects a lower one.
    public static var instructionSet: String { String(cString: ck_level()) }
}
