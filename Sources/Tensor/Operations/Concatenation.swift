/// Concatenates two tensors along the last axis, as in the skip connections of a U-Net.
///
/// Nothing is copied if a convolution follows: it reads both tensors and computes a gradient for each.
///
/// **Shapes** `[..., a]`, `[..., b]` → `[..., a + b]`.
///
/// - Precondition: The shapes agree except for the last axis.
public func concatenate(_ a: Variable, _ b: Variable) -> Variable {
    let (left, right, rows) = (a.shape.last, b.shape.last, a.shape.leadingCount)
    precondition(
        a.shape.array.dropLast() == b.shape.array.dropLast(), "\(a.shape) and \(b.shape) do not lie side by side")
    let width = left + right
    return a.tape.record(deferred: a.parts + b.parts, operands: a.id, b.id) {
        [a = a.id, b = b.id, aShape = a.shape, bShape = b.shape] upstream, adjoints in
        func part(_ start: Int, _ shape: Tensor.Shape) -> Tensor {
            var part = Tensor(uninitialized: shape)
            let target = part.mutablePointer()
            copyColumns(rows, shape.last, from: upstream.pointer + start, width: width, to: target, width: shape.last)
            return part
        }
        adjoints.add(part(0, aShape), to: a)
        adjoints.add(part(left, bShape), to: b)
    }
}

/// Returns the columns `range` of the last axis.
///
/// **Shapes** `[..., width]` → `[..., range.count]`.
///
/// - Precondition: `range` lies within the last axis.
public func slice(_ x: Variable, columns range: Range<Int>) -> Variable {
    let width = x.shape.last, rows = x.shape.leadingCount
    precondition(range.lowerBound >= 0 && range.upperBound <= width, "columns \(range) of \(x.shape)")
    var y = Tensor(uninitialized: x.shape.replacingLast(with: range.count))
    copyColumns(
        rows, range.count, from: x.value.pointer + range.lowerBound, width: width, to: y.mutablePointer(),
        width: range.count)
    return x.tape.record(y, operands: x.id) { [x = x.id, shape = x.shape] upstream, adjoints in
        var gradient = Tensor(zeros: shape)
        copyColumns(
            rows, range.count, from: upstream.pointer, width: range.count,
            to: gradient.mutablePointer() + range.lowerBound, width: width)
        adjoints.add(gradient, to: x)
    }
}

/// Returns the part `range` of the first axis.
///
/// **Shapes** `[n, ...]` → `[range.count, ...]`.
///
/// - Precondition: `range` lies within the first axis.
public func slice(_ x: Variable, rows range: Range<Int>) -> Variable {
    let y = x.value.rows(range)
    return x.tape.record(y, operands: x.id) { [x = x.id, shape = x.shape] upstream, adjoints in
        var gradient = Tensor(zeros: shape)
        let start = range.lowerBound * (shape.count / max(1, shape[0]))
        gradient.mutablePointer().advanced(by: start).update(from: upstream.pointer, count: upstream.count)
        adjoints.add(gradient, to: x)
    }
}

/// Returns the same elements with another shape.
///
/// - Precondition: Equal numbers of elements.
public func reshape(_ x: Variable, to shape: Tensor.Shape) -> Variable {
    x.tape.record(x.value.reshaped(to: shape), operands: x.id) { [x = x.id, old = x.shape] upstream, adjoints in
        adjoints.add(upstream.reshaped(to: old), to: x)
    }
}

/// Copies `columns` elements of every row between matrices of different widths.
private func copyColumns(
    _ rows: Int, _ columns: Int, from source: UnsafePointer<Float>, width: Int,
    to target: UnsafeMutablePointer<Float>, width targetWidth: Int
) {
    Parallel.forEachRange(of: rows, length: max(1, Tensor.grain / max(1, columns))) { range in
        for row in range {
            (target + row * targetWidth).update(from: source + row * width, count: columns)
        }
    }
}
