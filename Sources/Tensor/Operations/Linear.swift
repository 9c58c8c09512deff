/// The product of two matrices, either of them transposed on request.
///
/// **Shapes** `[m, k] · [k, n] → [m, n]`, where a transposed operand is given as `[k, m]` or `[n, k]`.
///
/// - Precondition: rank 2 and equal inner extents.
public func matrixProduct(
    _ a: Variable, _ b: Variable, transposed: Bool = false, otherTransposed: Bool = false
) -> Variable {
    let (x, y) = (a.value, b.value)
    let product = x.matrixProduct(y, transposed: transposed, otherTransposed: otherTransposed)
    return a.tape.record(product, operands: a.id, b.id) { [a = a.id, b = b.id] upstream, adjoints in
        // With C = A B: dA = dC Bᵀ and dB = Aᵀ dC; a transposed operand takes the transposed product.
        adjoints.accumulate(into: a, shape: x.shape) { memory, beta in
            let factors =
                transposed
                ? MatrixProduct(y, otherTransposed, upstream, true)
                : MatrixProduct(upstream, false, y, !otherTransposed)
            factors.write(to: memory, beta: beta)
        }
        adjoints.accumulate(into: b, shape: y.shape) { memory, beta in
            let factors =
                otherTransposed
                ? MatrixProduct(upstream, true, x, transposed) : MatrixProduct(x, !transposed, upstream, false)
            factors.write(to: memory, beta: beta)
        }
    }
}

/// The affine map `y = x · weight + bias`.
///
/// **Shapes** `x [batch, in]`, `weight [in, out]`, `bias [out]` → `[batch, out]`.
public func linear(_ x: Variable, weight: Variable, bias: Variable? = nil) -> Variable {
    let product = matrixProduct(x, weight)
    return bias.map { addBias($0, to: product) } ?? product
}
