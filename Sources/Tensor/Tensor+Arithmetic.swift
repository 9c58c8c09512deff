import CKernels

extension Tensor {
    /// The number of elements per work item of elementwise operations.
    static let grain = 1 << 15

    /// Computes `self += scale · other`, element by element.
    ///
    /// - Precondition: Equal shapes.
    public mutating func add(_ other: Tensor, scaledBy scale: Float = 1) {
        precondition(shape == other.shape, "shapes \(shape) and \(other.shape) differ")
        let (y, x) = (mutablePointer(), other.pointer)
        Parallel.forEachRange(of: count, length: Self.grain) { range in
            ck_axpy(range.count, scale, x + range.lowerBound, y + range.lowerBound)
        }
    }

    /// Computes `self *= factor`.
    public mutating func scale(by factor: Float) {
        let y = mutablePointer()
        Parallel.forEachRange(of: count, length: Self.grain) { range in
            ck_scale(range.count, factor, y + range.lowerBound, y + range.lowerBound)
        }
    }

    /// Computes `self += fraction · (target − self)`, one step of an exponential moving average.
    ///
    /// - Precondition: Equal shapes.
    public mutating func interpolate(toward target: Tensor, by fraction: Float) {
        precondition(shape == target.shape, "shapes \(shape) and \(target.shape) differ")
        let (y, x) = (mutablePointer(), target.pointer)
        Parallel.forEachRange(of: count, length: Self.grain) { range in
            ck_interpolate(range.count, fraction, x + range.lowerBound, y + range.lowerBound)
        }
    }

    /// The sum of all elements, accumulated in Double across blocks of 2,048.
    public var sum: Double { ck_sum(count, pointer) }

    /// The mean of all elements.
    public var mean: Double { sum / Double(count) }

    /// Returns the inner product with a tensor of the same shape.
    public func dot(_ other: Tensor) -> Double {
        precondition(shape == other.shape, "shapes \(shape) and \(other.shape) differ")
        return ck_dot(count, pointer, other.pointer)
    }

    /// The Euclidean norm of all elements.
    public var norm: Double { dot(self).squareRoot() }

    /// Whether no element is infinite or NaN.
    public var isFinite: Bool { ck_all_finite(count, pointer) == 1 }

    /// Returns the product of two matrices, either of which may be transposed.
    ///
    /// **Shapes** `[m, k] · [k, n] → [m, n]`; a transposed operand has shape `[k, m]` or `[n, k]`.
    ///
    /// - Precondition: Rank 2 and equal inner dimensions.
    public func matrixProduct(
        _ other: Tensor, transposed: Bool = false, otherTransposed: Bool = false
    ) -> Tensor {
        precondition(
            shape.rank == 2 && other.shape.rank == 2
                && shape[transposed ? 0 : 1] == other.shape[otherTransposed ? 1 : 0],
            "matrices of shapes \(shape) and \(other.shape) cannot be multiplied")
        var product = Tensor(
            uninitialized: [shape[transposed ? 1 : 0], other.shape[otherTransposed ? 0 : 1]])
        MatrixProduct(self, transposed, other, otherTransposed).write(to: product.mutablePointer(), beta: 0)
        return product
    }
}
