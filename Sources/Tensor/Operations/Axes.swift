// Operations along axes. A negative axis is counted from the end: −1 is the last.

/// Returns the sums along axes.
///
/// **Shapes** `[2, 3, 4]` along `[1]` → `[2, 4]`, or `[2, 1, 4]` if axes are kept.
///
/// - Precondition: The axes exist and differ.
public func sum(_ x: Variable, axes: [Int], keepingAxes: Bool = false) -> Variable {
    let sum = x.value.sum(axes: axes, keepingAxes: keepingAxes)
    return x.tape.record(sum, operands: x.id) { [id = x.id, shape = x.shape] upstream, adjoints in
        let kept = upstream.reshaped(to: shape.replacing(axes: axes, with: 1))
        adjoints.add(kept.broadcast(to: shape), to: id)
    }
}

/// Returns the means along axes.
///
/// **Shapes** `[2, 3, 4]` along `[1]` → `[2, 4]`, or `[2, 1, 4]` if axes are kept.
///
/// - Precondition: The axes exist and differ.
public func mean(_ x: Variable, axes: [Int], keepingAxes: Bool = false) -> Variable {
    sum(x, axes: axes, keepingAxes: keepingAxes) / Float(x.shape.count(of: axes))
}

/// Returns the variances along axes: the means of the squared distances from the mean, without Bessel's correction.
///
/// **Shapes** `[2, 3, 4]` along `[1]` → `[2, 4]`, or `[2, 1, 4]` if axes are kept.
///
/// - Precondition: The axes exist and differ.
public func variance(_ x: Variable, axes: [Int], keepingAxes: Bool = false) -> Variable {
    let deviation = x - mean(x, axes: axes, keepingAxes: true)
    return mean(deviation * deviation, axes: axes, keepingAxes: keepingAxes)
}

/// Returns the largest elements along an axis. The gradient goes to the first of equal ones.
///
/// **Shapes** `[2, 3, 4]` along 1 → `[2, 4]`, or `[2, 1, 4]` if the axis is kept.
///
/// - Precondition: The axis exists and is not empty.
public func maximum(_ x: Variable, axis: Int, keepingAxis: Bool = false) -> Variable {
    pick(x, axis, x.value.maximum(axis: axis, keepingAxis: keepingAxis), x.value.argmax(axis: axis))
}

/// Returns the smallest elements along an axis. The gradient goes to the first of equal ones.
///
/// **Shapes** `[2, 3, 4]` along 1 → `[2, 4]`, or `[2, 1, 4]` if the axis is kept.
///
/// - Precondition: The axis exists and is not empty.
public func minimum(_ x: Variable, axis: Int, keepingAxis: Bool = false) -> Variable {
    pick(x, axis, x.value.minimum(axis: axis, keepingAxis: keepingAxis), x.value.argmin(axis: axis))
}

private func pick(_ x: Variable, _ axis: Int, _ values: Tensor, _ indices: [Int]) -> Variable {
    x.tape.record(values, operands: x.id) { [id = x.id, shape = x.shape] upstream, adjoints in
        let (_, extent, inner) = shape.split(at: shape.axis(axis))
        var gradient = Tensor(zeros: shape)
        let target = gradient.mutablePointer()
        for (place, index) in indices.enumerated() {
            target[(place / inner * extent + index) * inner + place % inner] = upstream.pointer[place]
        }
        adjoints.add(gradient, to: id)
    }
}

/// Returns the elements with the axes in another order: axis `k` of the result is axis `axes[k]`.
///
/// **Shapes** `[2, 3, 4]` with `[2, 0, 1]` → `[4, 2, 3]`.
///
/// - Precondition: `axes` contains every axis once.
public func permute(_ x: Variable, axes: [Int]) -> Variable {
    x.tape.record(x.value.permuted(axes), operands: x.id) { [id = x.id, shape = x.shape] upstream, adjoints in
        var inverse = axes
        for (position, axis) in axes.enumerated() { inverse[shape.axis(axis)] = position }
        adjoints.add(upstream.permuted(inverse), to: id)
    }
}

/// Returns the elements with the last two axes exchanged: the transpose of every matrix.
///
/// **Shapes** `[…, m, n]` → `[…, n, m]`.
///
/// - Precondition: At least two axes.
public func transpose(_ x: Variable) -> Variable {
    x.tape.record(x.value.transposed(), operands: x.id) { [id = x.id] upstream, adjoints in
        adjoints.add(upstream.transposed(), to: id)
    }
}

/// Concatenates tensors along an axis.
///
/// For two images along the last axis, ``concatenate(_:_:)`` copies nothing.
///
/// **Shapes** `[2, a, 4]`, `[2, b, 4]` along 1 → `[2, a + b, 4]`.
///
/// - Precondition: At least one tensor; the shapes agree except for this axis.
public func concatenate(_ parts: [Variable], axis: Int) -> Variable {
    let value = Tensor(concatenating: parts.map(\.value), axis: axis)
    let operands = parts.map { (id: $0.id, extent: $0.shape[$0.shape.axis(axis)]) }
    return parts[0].tape.record(value, operands: operands.map(\.id)) { upstream, adjoints in
        var start = 0
        for operand in operands {
            let range = start..<start + operand.extent
            adjoints.add(upstream.sliced(range, axis: axis), to: operand.id)
            start = range.upperBound
        }
    }
}

/// Joins tensors of equal shape along a new axis.
///
/// **Shapes** `[2, 3]`, `[2, 3]` along 0 → `[2, 2, 3]`; along −1 → `[2, 3, 2]`.
///
/// - Precondition: At least one tensor, equal shapes, and at most five axes.
public func stack(_ parts: [Variable], axis: Int = 0) -> Variable {
    let value = Tensor(stacking: parts.map(\.value), axis: axis)
    return parts[0].tape.record(value, operands: parts.map(\.id)) {
        [ids = parts.map(\.id), shape = parts[0].shape] upstream, adjoints in
        for (index, id) in ids.enumerated() {
            adjoints.add(upstream.sliced(index..<index + 1, axis: axis).reshaped(to: shape), to: id)
        }
    }
}

/// Returns the part `range` of an axis.
///
/// **Shapes** `[2, 5, 4]`, 1 ..< 3 along 1 → `[2, 2, 4]`.
///
/// - Precondition: `range` lies within the axis.
public func slice(_ x: Variable, _ range: Range<Int>, axis: Int) -> Variable {
    x.tape.record(x.value.sliced(range, axis: axis), operands: x.id) {
        [id = x.id, shape = x.shape] upstream, adjoints in
        let axis = shape.axis(axis)
        let before = Tensor(zeros: shape.replacing(axes: [axis], with: range.lowerBound))
        let after = Tensor(zeros: shape.replacing(axes: [axis], with: shape[axis] - range.upperBound))
        adjoints.add(Tensor(concatenating: [before, upstream, after], axis: axis), to: id)
    }
}

/// Returns the elements of `a` where `mask` is not 0, and those of `b` elsewhere, with broadcasting.
///
/// ```swift
/// let magnitude = select(x.value .< 0, -x, x)
/// ```
///
/// Elements that are not selected do not matter, even if they are infinite or NaN, and their gradient is 0.
public func select(_ mask: Tensor, _ a: Variable, _ b: Variable) -> Variable {
    a.tape.record(mask.select(a.value, otherwise: b.value), operands: a.id, b.id) {
        [a = a.id, b = b.id, aShape = a.shape, bShape = b.shape] upstream, adjoints in
        let zero = Tensor(zeros: [])
        adjoints.add(mask.select(upstream, otherwise: zero).sum(to: aShape), to: a)
        adjoints.add(mask.select(zero, otherwise: upstream).sum(to: bShape), to: b)
    }
}
