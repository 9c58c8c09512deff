import CKernels

// Sums, extremes, and rearrangements along axes. A negative axis is counted from the end: −1 is the last.

extension Tensor {
    /// Returns the sums along axes, accumulated in Double across runs of at most 2,048 elements.
    ///
    /// **Shapes** `[2, 3, 4]` along `[1]` → `[2, 4]`, or `[2, 1, 4]` if axes are kept.
    ///
    /// - Parameters:
    ///   - axes: The axes to sum along.
    ///   - keepingAxes: Whether these axes stay, with size 1, so that the result can be broadcast to the operand.
    /// - Precondition: The axes exist and differ.
    public func sum(axes: [Int], keepingAxes: Bool = false) -> Tensor {
        sum(to: shape.replacing(axes: axes, with: 1))
            .reshaped(to: shape.replacing(axes: axes, with: keepingAxes ? 1 : nil))
    }

    /// Returns the means along axes.
    ///
    /// **Shapes** `[2, 3, 4]` along `[1]` → `[2, 4]`, or `[2, 1, 4]` if axes are kept.
    ///
    /// - Precondition: The axes exist and differ.
    public func mean(axes: [Int], keepingAxes: Bool = false) -> Tensor {
        let sum = sum(axes: axes, keepingAxes: keepingAxes)
        return sum / Float(shape.count(of: axes))
    }

    /// Returns the largest elements along an axis; NaN where one of them is.
    ///
    /// **Shapes** `[2, 3, 4]` along 1 → `[2, 4]`, or `[2, 1, 4]` if the axis is kept.
    ///
    /// - Precondition: The axis exists and is not empty.
    public func maximum(axis: Int, keepingAxis: Bool = false) -> Tensor {
        extremes(axis, keepingAxis) { $0 <= $1 }.values
    }

    /// Returns the smallest elements along an axis; NaN where one of them is.
    ///
    /// **Shapes** `[2, 3, 4]` along 1 → `[2, 4]`, or `[2, 1, 4]` if the axis is kept.
    ///
    /// - Precondition: The axis exists and is not empty.
    public func minimum(axis: Int, keepingAxis: Bool = false) -> Tensor {
        extremes(axis, keepingAxis) { $0 >= $1 }.values
    }

    /// Returns the index of the largest element along an axis: the first of equal ones, or that of the first NaN.
    ///
    /// **Shapes** `[2, 3, 4]` along 1 → 8 indices in 0 ..< 3, in row-major order.
    ///
    /// - Precondition: The axis exists and is not empty.
    public func argmax(axis: Int = -1) -> [Int] {
        extremes(axis, false) { $0 <= $1 }.indices
    }

    /// Returns the index of the smallest element along an axis: the first of equal ones, or that of the first NaN.
    ///
    /// - Precondition: The axis exists and is not empty.
    public func argmin(axis: Int = -1) -> [Int] {
        extremes(axis, false) { $0 >= $1 }.indices
    }

    /// Returns the elements with the axes in another order: axis `k` of the result is axis `axes[k]`.
    ///
    /// **Shapes** `[2, 3, 4]` with `[2, 0, 1]` → `[4, 2, 3]`.
    ///
    /// - Precondition: `axes` contains every axis once.
    public func permuted(_ axes: [Int]) -> Tensor {
        let axes = axes.map(shape.axis)
        precondition(Set(axes).count == shape.rank && axes.count == shape.rank, "axes \(axes) of shape \(shape)")
        let (extents, strides) = (shape.array, shape.strides)
        return read(as: Shape(axes.map { extents[$0] }), strides: axes.map { strides[$0] })
    }

    /// Returns the elements with the last two axes exchanged: the transpose of every matrix.
    ///
    /// **Shapes** `[…, m, n]` → `[…, n, m]`.
    ///
    /// - Precondition: At least two axes.
    public func transposed() -> Tensor {
        precondition(shape.rank >= 2, "the transpose of shape \(shape)")
        let (rows, columns) = (shape[shape.rank - 2], shape.last)
        var result = Tensor(uninitialized: Shape(shape.array.dropLast(2) + [columns, rows]))
        let (size, source, target) = (rows * columns, pointer, result.mutablePointer())
        guard size > 0 else { return result }
        Parallel.forEach(count / size) { matrix in
            ck_transpose(rows, columns, source + matrix * size, target + matrix * size)
        }
        return result
    }

    /// Creates a tensor from tensors that continue each other along an axis.
    ///
    /// **Shapes** `[2, a, 4]`, `[2, b, 4]` along 1 → `[2, a + b, 4]`.
    ///
    /// - Precondition: At least one tensor; the shapes agree except for this axis.
    public init(concatenating parts: [Tensor], axis: Int) {
        precondition(!parts.isEmpty, "no tensors to concatenate")
        let axis = parts[0].shape.axis(axis)
        let rest = parts[0].shape.replacing(axes: [axis], with: nil)
        for part in parts {
            precondition(
                part.shape.rank > axis && part.shape.replacing(axes: [axis], with: nil) == rest,
                "\(part.shape) does not continue \(parts[0].shape) along axis \(axis)")
        }
        let extent = parts.reduce(0) { $0 + $1.shape[axis] }
        self.init(uninitialized: parts[0].shape.replacing(axes: [axis], with: extent))
        var target = mutablePointer()
        for outer in 0..<shape.split(at: axis).outer {
            for part in parts {
                let (_, extent, inner) = part.shape.split(at: axis)
                target.update(from: part.pointer + outer * extent * inner, count: extent * inner)
                target += extent * inner
            }
        }
    }

    /// Creates a tensor from tensors of equal shape, along a new axis.
    ///
    /// **Shapes** `[2, 3]`, `[2, 3]` along 0 → `[2, 2, 3]`; along −1 → `[2, 3, 2]`.
    ///
    /// - Precondition: At least one tensor, equal shapes, and at most five axes.
    public init(stacking parts: [Tensor], axis: Int = 0) {
        precondition(!parts.isEmpty, "no tensors to stack")
        let position = axis < 0 ? axis + parts[0].shape.rank + 1 : axis
        precondition(position >= 0 && position <= parts[0].shape.rank, "a new axis \(axis) of shape \(parts[0].shape)")
        var extents = parts[0].shape.array
        extents.insert(1, at: position)
        self.init(concatenating: parts.map { $0.reshaped(to: Shape(extents)) }, axis: position)
    }

    /// Returns the part `range` of an axis.
    ///
    /// **Shapes** `[2, 5, 4]`, 1 ..< 3 along 1 → `[2, 2, 4]`.
    ///
    /// - Precondition: `range` lies within the axis.
    public func sliced(_ range: Range<Int>, axis: Int) -> Tensor {
        let axis = shape.axis(axis)
        precondition(
            range.lowerBound >= 0 && range.upperBound <= shape[axis], "the part \(range) of axis \(axis) of \(shape)")
        var result = Tensor(uninitialized: shape.replacing(axes: [axis], with: range.count))
        let (outer, extent, inner) = shape.split(at: axis)
        let (source, target) = (pointer + range.lowerBound * inner, result.mutablePointer())
        let length = range.count * inner
        for index in 0..<outer {
            (target + index * length).update(from: source + index * extent * inner, count: length)
        }
        return result
    }

    /// Returns the sums over the axes along which a tensor of shape `target` would be repeated to have this shape: the
    /// adjoint of `broadcast(to:)`.
    func sum(to target: Shape) -> Tensor {
        if shape == target { return self }
        var sums = [Double](repeating: 0, count: target.count)
        if count > 0 {
            let walk = RowWalk(shape, shape.strides, target.strides(broadcastTo: shape))
            for row in 0..<walk.rows {
                let (from, to) = walk.offsets(ofRow: row)
                if walk.steps.1 == 0 {
                    sums[to] += ck_sum(walk.width, pointer + from)
                } else {
                    for i in 0..<walk.width { sums[to + i] += Double(pointer[from + i]) }
                }
            }
        }
        return Tensor(sums.map(Float.init), shape: target)
    }

    /// Returns the extreme elements along an axis and their indices; `yields(x, best)` is whether x is no better.
    private func extremes(
        _ axis: Int, _ keepingAxis: Bool, _ yields: (Float, Float) -> Bool
    ) -> (values: Tensor, indices: [Int]) {
        let axis = shape.axis(axis)
        let (outer, extent, inner) = shape.split(at: axis)
        precondition(extent > 0, "axis \(axis) of shape \(shape) has no extreme")
        var values = Tensor(uninitialized: shape.replacing(axes: [axis], with: keepingAxis ? 1 : nil))
        var indices = [Int](repeating: 0, count: outer * inner)
        let (source, target) = (pointer, values.mutablePointer())
        for place in indices.indices {
            let elements = source + place / inner * extent * inner + place % inner
            var best = elements[0]
            for index in 1..<extent {
                let element = elements[index * inner]
                // A comparison with NaN is false, so NaN replaces a number, and nothing replaces NaN.
                if !yields(element, best), !best.isNaN { (best, indices[place]) = (element, index) }
            }
            target[place] = best
        }
        return (values, indices)
    }
}

extension Tensor.Shape {
    /// Returns the shape with another size of some axes, or without these axes if `extent` is `nil`.
    ///
    /// - Precondition: The axes exist and differ.
    func replacing(axes: [Int], with extent: Int?) -> Tensor.Shape {
        let chosen = Set(axes.map(axis))
        precondition(chosen.count == axes.count, "axes \(axes) of shape \(self): one of them is there twice")
        return Tensor.Shape(array.enumerated().compactMap { chosen.contains($0) ? extent : $1 })
    }

    /// The number of elements along several axes together.
    func count(of axes: [Int]) -> Int {
        axes.reduce(1) { $0 * self[axis($1)] }
    }
}
