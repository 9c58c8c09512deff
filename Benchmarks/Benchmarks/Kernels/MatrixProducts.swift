import Benchmark
import CBLAS

/// The dimensions of a product `[rows, inner] × [inner, columns]`.
struct MatrixProductGeometry {
    var rows: Int
    var inner: Int
    var columns: Int
    /// The place where the product occurs.
    var purpose: String

    var operations: Int { 2 * rows * inner * columns }
}

/// Registers OpenBLAS's single-precision matrix product on one thread.
///
/// Its rate is the reference for everything that is lowered to a matrix product.
func registerMatrixProducts() {
    let geometries = [
        MatrixProductGeometry(rows: 1024, inner: 1024, columns: 1024, purpose: "square"),
        MatrixProductGeometry(rows: 192, inner: 16, columns: 16, purpose: "Winograd tiles"),
        MatrixProductGeometry(rows: 192, inner: 32, columns: 32, purpose: "Winograd tiles"),
        MatrixProductGeometry(rows: 96, inner: 64, columns: 64, purpose: "Winograd tiles"),
        MatrixProductGeometry(rows: 96, inner: 128, columns: 128, purpose: "Winograd tiles"),
        MatrixProductGeometry(rows: 48, inner: 256, columns: 256, purpose: "Winograd tiles"),
        MatrixProductGeometry(rows: 48, inner: 512, columns: 512, purpose: "Winograd tiles"),
        MatrixProductGeometry(rows: 4096, inner: 9, columns: 16, purpose: "first layer, columns of 64²"),
        MatrixProductGeometry(rows: 4096, inner: 144, columns: 16, purpose: "columns of 64²"),
        MatrixProductGeometry(rows: 4096, inner: 288, columns: 32, purpose: "columns of 64²"),
        MatrixProductGeometry(rows: 8, inner: 128, columns: 4096, purpose: "queries × bank"),
    ]
    for geometry in geometries {
        let name = "SGEMM \(geometry.rows)×\(geometry.inner)×\(geometry.columns), \(geometry.purpose)"
        register(name, .operations(geometry.operations), isComparedToPeak: true) {
            openblas_set_num_threads(1)
            let (m, n, k) = (Int32(geometry.rows), Int32(geometry.columns), Int32(geometry.inner))
            let left = (0..<geometry.rows * geometry.inner).map { Float($0 % 17) / 16 - 0.5 }
            let right = (0..<geometry.inner * geometry.columns).map { Float($0 % 13) / 12 - 0.5 }
            var result = [Float](repeating: 0, count: geometry.rows * geometry.columns)
            return { stopwatch in
                stopwatch.measure {
                    cblas_sgemm(
                        CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1, left, k, right, n, 0, &result, n)
                }
            }
        }
    }
}
