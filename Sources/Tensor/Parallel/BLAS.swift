import CBLAS
import CKernels

/// General matrix products on one thread: the work is split above, by `Parallel`.
enum BLAS {
    private static let singleThreaded: Void = openblas_set_num_threads(1)

    /// To be called before any routine of OpenBLAS or LAPACK.
    static func useOneThread() { singleThreaded }

    /// `c = alpha · op(a) · op(b) + beta · c` for row-major matrices: op(a) is `m × k`, op(b) is `k × n`.
    ///
    /// `lda`, `ldb`, `ldc` are the distances between rows as stored.
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

/// The libraries and instructions that compute here: what the bits of a result depend on besides its inputs.
public enum Machine {
    /// What the loaded OpenBLAS says of itself: version, options, processor.
    public static var blas: String { String(cString: openblas_get_config()) }

    /// The instruction set of this package's own kernels: `avx512`, `avx2` or `baseline`. The environment variable
    /// `TENSOR_ISA` asks for a lower one.
    public static var instructionSet: String { String(cString: ck_level()) }
}
