import CKernels

/// Each row divided by its Euclidean norm: `q = z / max(|z|, ε)`.
///
/// **Shapes** `[rows, dimension]`, unchanged. The derivative is `(I − q qᵀ) dq / |z|`.
public func l2Normalize(_ z: Variable, epsilon: Float = 1e-12) -> Variable {
    let dimension = z.shape.last, rows = z.shape.leadingCount
    let (q, norms) = z.value.normalizedRows(epsilon: epsilon)
    return z.tape.record(q, operands: z.id) { [id = z.id] upstream, adjoints in
        var gradient = upstream
        let target = gradient.mutablePointer()
        for row in 0..<rows {
            let at = row * dimension
            let along = Float(ck_dot(dimension, target + at, q.pointer + at))
            ck_axpy(dimension, -along, q.pointer + at, target + at)
            ck_scale(dimension, 1 / norms[row], target + at, target + at)
        }
        adjoints.add(gradient, to: id)
    }
}

extension Tensor {
    /// Each row of the last axis divided by its Euclidean norm, or by `epsilon` if that is larger.
    public func l2Normalized(epsilon: Float = 1e-12) -> Tensor {
        normalizedRows(epsilon: epsilon).rows
    }

    fileprivate func normalizedRows(epsilon: Float) -> (rows: Tensor, norms: [Float]) {
        let dimension = shape.last
        var result = Tensor(uninitialized: shape)
        let target = result.mutablePointer()
        let norms = (0..<shape.leadingCount).map { row in
            let at = row * dimension
            let norm = max(Float(ck_dot(dimension, pointer + at, pointer + at).squareRoot()), epsilon)
            ck_scale(dimension, 1 / norm, pointer + at, target + at)
            return norm
        }
        return (result, norms)
    }
}
