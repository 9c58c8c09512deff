import CBLAS

/// The directions along which the rows of a matrix differ most, and the rows seen along them.
///
/// Source: Jolliffe, Principal Component Analysis, 2nd edition, sections 1.1 and 3.5.
public struct PrincipalComponents: Sendable {
    /// The rows less their mean, along each component, in the units of the matrix. Shape `[rows, count]`.
    public let projection: Tensor
    /// The components: unit vectors, at right angles to each other, the one of largest variance first. Shape
    /// `[count, columns]`.
    ///
    /// Of each, the largest element by absolute value is positive; among equal ones it is the first. Components of
    /// equal variance are not determined by the matrix: they are some basis of their space.
    public let components: Tensor
    /// The share of the total variance that lies along each component, 0 to 1; 0 for all of them where all rows are
    /// equal.
    public let explainedVarianceRatios: [Double]
}

extension Tensor {
    /// The first principal components of a matrix whose rows are observations: `count` of them, but never more than it
    /// has rows or columns.
    ///
    /// They are the right singular vectors of the centred matrix, computed in Double by LAPACK.
    ///
    /// - Precondition: shape `[rows, columns]` with at least one row, finite elements, `count ≥ 0`.
    /// - Complexity: O(rows · columns · min(rows, columns)).
    public func principalComponents(_ count: Int) -> PrincipalComponents {
        precondition(shape.rank == 2 && shape[0] > 0, "principal components of a tensor of shape \(shape)")
        precondition(count >= 0, "\(count) principal components")
        precondition(isFinite, "principal components of a matrix with elements that are not finite")
        let (rows, columns) = (shape[0], shape[1])
        let decomposition = SingularValues(of: centred(), rows: rows, columns: columns)

        let available = decomposition.count
        let count = min(count, available)
        let total = decomposition.values.reduce(0) { $0 + $1 * $1 }
        var projection = Tensor(zeros: [rows, count])
        var components = Tensor(zeros: [count, columns])
        for component in 0..<count {
            let loadings = decomposition.right[component * columns..<(component + 1) * columns]
            let largest = loadings.max { abs($0) < abs($1) } ?? 0
            let sign = largest < 0 ? -1.0 : 1.0
            components.withMutableElements { target in
                for (column, loading) in loadings.enumerated() {
                    target[component * columns + column] = Float(sign * loading)
                }
            }
            let length = sign * decomposition.values[component]
            projection.withMutableElements { target in
                for row in 0..<rows {
                    target[row * count + component] = Float(length * decomposition.left[row * available + component])
                }
            }
        }
        return PrincipalComponents(
            projection: projection, components: components,
            explainedVarianceRatios: decomposition.values.prefix(count).map { total > 0 ? $0 * $0 / total : 0 })
    }

    /// The rows less their mean, row-major.
    private func centred() -> [Double] {
        let (rows, columns) = (shape[0], shape[1])
        var centred = withElements { $0.map(Double.init) }
        var mean = [Double](repeating: 0, count: columns)
        for row in 0..<rows {
            for column in 0..<columns { mean[column] += centred[row * columns + column] }
        }
        for row in 0..<rows {
            for column in 0..<columns { centred[row * columns + column] -= mean[column] / Double(rows) }
        }
        return centred
    }
}

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
