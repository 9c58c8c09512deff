/// The principal components of the rows of a matrix, and the projection of the rows onto them.
///
/// Source: Jolliffe, Principal Component Analysis, 2nd edition, sections 1.1 and 3.5.
public struct PrincipalComponents: Sendable {
    /// The rows minus their mean, projected onto each component, in the units of the matrix. Shape `[rows, count]`.
    public let projection: Tensor
    /// The components: orthonormal vectors, sorted by descending variance. Shape `[count, columns]`.
    ///
    /// In each component, the element with the largest absolute value is positive; of several such elements, the
    /// first. The matrix does not determine components of equal variance: they are some basis of their space.
    public let components: Tensor
    /// The fraction of the total variance that each component explains, 0 to 1; 0 for all components if all rows are
    /// equal.
    public let explainedVarianceRatios: [Double]
}

extension Tensor {
    /// Returns the first principal components of a matrix whose rows are observations: `count` of them, but never
    /// more than the number of rows or columns.
    ///
    /// They are the right singular vectors of the centered matrix, computed in Double by LAPACK.
    ///
    /// - Precondition: Shape `[rows, columns]` with at least one row, finite elements, `count ≥ 0`.
    /// - Complexity: O(rows · columns · min(rows, columns)).
    public func principalComponents(_ count: Int) -> PrincipalComponents {
        precondition(shape.rank == 2 && shape[0] > 0, "principal components of a tensor of shape \(shape)")
        precondition(count >= 0, "\(count) principal components")
        precondition(isFinite, "principal components of a matrix with elements that are not finite")
        let (rows, columns) = (shape[0], shape[1])
        let decomposition = BLAS.singularValues(of: centered().rows, rows: rows, columns: columns)

        let available = decomposition.values.count
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

    /// Returns the rows of a matrix minus their mean, row-major, and the mean.
    func centered() -> (rows: [Double], mean: [Double]) {
        let columns = shape[1]
        var (elements, mean) = (elements.map(Double.init), [Double](repeating: 0, count: columns))
        for (place, element) in elements.enumerated() { mean[place % columns] += element }
        for column in 0..<columns { mean[column] /= Double(shape[0]) }
        for place in elements.indices { elements[place] -= mean[place % columns] }
        return (elements, mean)
    }
}
