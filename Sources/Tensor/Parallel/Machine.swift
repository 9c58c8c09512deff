import CBLAS
import CKernels

/// The libraries and instructions that compute here: what the bits of a result depend on besides its inputs.
public enum Machine {
    /// What the loaded OpenBLAS says of itself: version, options, processor.
    public static var blas: String { String(cString: openblas_get_config()) }

    /// The instruction set of this package's own kernels: `avx512`, `avx2` or `baseline`. The environment variable
    /// `TENSOR_ISA` asks for a lower one.
    public static var instructionSet: String { String(cString: ck_level()) }
}
