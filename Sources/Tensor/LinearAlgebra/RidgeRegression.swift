/// The affine map that best fits given outputs in the least-squares sense, with a penalty on its weights.
///
/// ```swift
/// let map = RidgeRegression(from: features, to: targets, penalty: 1)
/// let guesses = map(features)
/// ```
///
/// Minimizes `Σ |x W + b − y|² + penalty · |W|²` over W and b; the intercept b is not penalized. LAPACK solves the
/// normal equations of the centered data in Double.
///
/// Source: Hoerl and Kennard, "Ridge Regression", Technometrics 12(1):55–67, 1970, Eq. (2.1).
public struct RidgeRegression: Sendable {
    /// The weights W. Shape `[inputs, outputs]`.
    public let weights: Tensor
    /// The intercept b. Shape `[outputs]`.
    public let intercept: Tensor

    /// Fits the map from the rows of one matrix to the rows of another.
    ///
    /// **Shapes** `inputs [rows, inputs]`, `outputs [rows, outputs]`.
    ///
    /// - Precondition: Equal numbers of rows, at least one; finite elements; `penalty > 0`.
    /// - Complexity: O(rows · inputs · (inputs + outputs) + inputs³).
    public init(from inputs: Tensor, to outputs: Tensor, penalty: Double) {
        precondition(
            inputs.shape.rank == 2 && outputs.shape.rank == 2 && inputs.shape[0] == outputs.shape[0]
                && inputs.shape[0] > 0, "a regression from \(inputs.shape) to \(outputs.shape)")
        precondition(penalty > 0, "a penalty of \(penalty): expected more than 0")
        precondition(inputs.isFinite && outputs.isFinite, "a regression on elements that are not finite")
        let (rows, width, height) = (inputs.shape[0], inputs.shape[1], outputs.shape[1])
        let (x, means) = inputs.centered()
        let (y, heights) = outputs.centered()

        // The upper triangle of XᵀX + penalty · I, and XᵀY.
        var (gram, moment) = BLAS.normalEquations(x, y, rows: rows, width: width, height: height)
        for i in 0..<width { gram[i * width + i] += penalty }
        guard
            let solution = BLAS.solvePositiveDefinite(gram, moment, extent: width, columns: height)
        else { preconditionFailure("a penalty of \(penalty) is lost next to inputs of this size") }
        weights = Tensor(solution.map(Float.init), shape: [width, height])
        intercept = Tensor(
            (0..<height).map { j in
                Float(heights[j] - (0..<width).reduce(0) { $0 + means[$1] * solution[$1 * height + j] })
            })
    }

    /// Applies the map to the rows of a matrix.
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
}
