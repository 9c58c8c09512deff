import CKernels

/// Returns the product of two matrices, either of which may be transposed.
///
/// **Shapes** `[m, k] · [k, n] → [m, n]`; a transposed operand has shape `[k, m]` or `[n, k]`.
///
/// - Precondition: Rank 2 and equal inner dimensions.
public func matrixProduct(
    _ a: Variable, _ b: Variable, transposed: Bool = false, otherTransposed: Bool = false
) -> Variable {
    let (x, y) = (a.value, b.value)
    let product = x.matrixProduct(y, transposed: transposed, otherTransposed: otherTransposed)
    return a.tape.record(product, operands: a.id, b.id) { [a = a.id, b = b.id] upstream, adjoints in
        // For C = A B: dA = dC Bᵀ and dB = Aᵀ dC; transposed operands get the transposed product.
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

/// Returns the affine map `y = x · weight + bias`.
///
/// **Shapes** `x [batch, in]`, `weight [in, out]`, `bias [out]` → `[batch, out]`.
public func linear(_ x: Variable, weight: Variable, bias: Variable? = nil) -> Variable {
    let product = matrixProduct(x, weight)
    return bias.map { addBias($0, to: product) } ?? product
}

/// Adds a vector to every row: `y[…, c] = x[…, c] + bias[c]`.
///
/// **Shapes** `x [..., channels]`, `bias [channels]`.
///
/// - Precondition: `bias` has as many elements as the last axis of `x`.
public func addBias(_ bias: Variable, to x: Variable) -> Variable {
    let channels = x.shape.last, rows = x.shape.leadingCount
    precondition(bias.shape == [channels], "a bias of shape \(bias.shape) for \(x.shape)")
    var y = x.value
    let (target, source) = (y.mutablePointer(), bias.value.pointer)
    let band = max(1, Tensor.grain / max(1, channels))
    Parallel.forEachRange(of: rows, length: band) { range in
        ck_add_row(range.count, channels, source, target + range.lowerBound * channels)
    }
    return x.tape.record(y, operands: x.id, bias.id) { [x = x.id, bias = bias.id] upstream, adjoints in
        adjoints.add(sumOfRows: upstream, to: bias)
        adjoints.add(upstream, to: x)
    }
}

extension Adjoints {
    /// Adds the sum of the rows of an upstream gradient, `[..., channels]` → `[channels]`: the gradient of a bias.
    mutating func add(sumOfRows upstream: Tensor, to bias: Variable.ID) {
        let channels = upstream.shape.last
        accumulate(into: bias, shape: [channels]) { memory, beta in
            PartialSums(of: upstream.shape.leadingCount, size: channels).reduce(into: memory, beta: beta) {
                range, partial in
                ck_fill(channels, 0, partial)
                ck_column_sum(range.count, channels, upstream.pointer + range.lowerBound * channels, partial)
            }
        }
    }
}
