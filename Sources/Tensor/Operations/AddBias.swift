import CKernels

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
        adjoints.accumulate(into: bias, shape: [channels]) { memory, beta in
            let above = upstream.pointer
            PartialSums(of: rows, size: channels).reduce(into: memory, beta: beta) { range, partial in
                ck_fill(channels, 0, partial)
                ck_column_sum(range.count, channels, above + range.lowerBound * channels, partial)
            }
        }
        adjoints.add(upstream, to: x)
    }
}
