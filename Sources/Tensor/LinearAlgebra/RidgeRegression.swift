import CBLAS

/// The affine map that is closest to given outputs in least squares, with a penalty on its weights.
///
/// ```swift
/// let map = RidgeRegression(from: features, to: targets, penalty: 1)
/// let guesses = map(features)
/// ```
///
/// Minimises `Σ |x W + b − y|² + penalty · |W|²` over W and b; the intercept b is free. Computed in Double by LAPACK on the
/// normal equations of the centred data.
///
/// Source: Hoerl and Kennard, "Ridge Regression", Technometrics 12(1):55–67, 1970, Eq. (2.1).
public struct RidgeRegression: Sendable {
    /// W. Shape `[inputs, outputs]`.
    public let weights: Tensor
    /// b. Shape `[outputs]`.
    public let intercept: Tensor

    /// The map from the rows of one matrix to those of another.
    ///
    /// **Shapes** `inputs [rows, inputs]`, `outputs [rows, outputs]`.
    ///
    /// - Precondition: as many rows, at least one; finite elements; `penalty > 0`.
    /// - Complexity: O(rows · inputs · (inputs + outputs) + inputs³).
    public init(from inputs: Tensor, to outputs: Tensor, penalty: Double) {
        precondition(
            inputs.shape.rank == 2 && outputs.shape.rank == 2 && inputs.shape[0] == outputs.shape[0]
                && inputs.shape[0] > 0, "a regression from \(inputs.shape) to \(outputs.shape)")
        precondition(penalty > 0, "a penalty of \(penalty): expected more than 0")
        precondition(inputs.isFinite && outputs.isFinite, "a regression on elements that are not finite")
        let (rows, width, height) = (inputs.shape[0], inputs.shape[1], outputs.shape[1])
        let (x, means) = Self.centred(inputs)
        let (y, heights) = Self.centred(outputs)

        // XᵀX + penalty · I and XᵀY.
        var gram = [Double](repeating: 0, count: width * width)
        var moment = [Double](repeating: 0, count: width * height)
        for row in 0..<rows {
            for i in 0..<width {
                let value = x[row * width + i]
                for j in i..<width { gram[i * width + j] += value * x[row * width + j] }
                for j in 0..<height { moment[i * height + j] += value * y[row * height + j] }
            }
        }
        for i in 0..<width {
            gram[i * width + i] += penalty
            for j in 0..<i { gram[i * width + j] = gram[j * width + i] }
        }
        guard
            let solution = PositiveDefiniteSystem.solve(gram, moment, extent: width, columns: height)
        else { preconditionFailure("a penalty of \(penalty) is lost beside inputs of this size") }
        weights = Tensor(solution.map(Float.init), shape: [width, height])
        intercept = Tensor(
            (0..<height).map { j in
                Float(heights[j] - (0..<width).reduce(0) { $0 + means[$1] * solution[$1 * height + j] })
            })
    }

    /// What the map makes of the rows of a matrix.
    ///
    /// **Shapes** `[rows, inputs]` → `[rows, outputs]`.
    public func callAsFunction(_ inputs: Tensor) -> Tensor {
        let outputs = intercept.count
        var result = inputs.matrixProduct(weights)
        result.withMutableElements { elements in
            for place in elements.indices { elements[place] += intercept.elements[place % outputs] }
        }
        return result
    }

    /// The rows less their mean, and the mean.
    private static func centred(_ matrix: Tensor) -> (rows: [Double], mean: [Double]) {
        let columns = matrix.shape[1]
        var (elements, mean) = (matrix.elements.map(Double.init), [Double](repeating: 0, count: columns))
        for (place, element) in elements.enumerated() { mean[place % columns] += element / Double(matrix.shape[0]) }
        for place in elements.indices { elements[place] -= mean[place % columns] }
        return (elements, mean)
    }
}

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
