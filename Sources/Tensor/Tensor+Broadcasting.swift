import CKernels

// Elementwise arithmetic, comparison, and selection. Shapes are aligned at the last axis, and axes of size 1 repeat, as
// in NumPy and PyTorch.

extension Tensor {
    /// A function of two runs of elements that writes a third, which may be one of them.
    typealias PairKernel = (Int, UnsafePointer<Float>, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void

    /// Returns the elementwise sum, with broadcasting.
    ///
    /// ```swift
    /// let centered = images - images.mean(axes: [1, 2], keepingAxes: true)     // [n, h, w, c] − [n, 1, 1, c]
    /// ```
    public static func + (a: Tensor, b: Tensor) -> Tensor { combine(a, b, ck_add) }

    /// Returns the elementwise difference, with broadcasting.
    public static func - (a: Tensor, b: Tensor) -> Tensor { combine(a, b, ck_subtract) }

    /// Returns the elementwise product, with broadcasting.
    public static func * (a: Tensor, b: Tensor) -> Tensor { combine(a, b, ck_multiply) }

    /// Returns the elementwise quotient, with broadcasting.
    public static func / (a: Tensor, b: Tensor) -> Tensor { combine(a, b, ck_divide) }

    /// Returns every element plus a number.
    public static func + (a: Tensor, number: Float) -> Tensor { a + Tensor(repeating: number, shape: []) }

    /// Returns every element minus a number.
    public static func - (a: Tensor, number: Float) -> Tensor { a + -number }

    /// Returns every element multiplied by a number.
    public static func * (a: Tensor, factor: Float) -> Tensor {
        var result = a
        result.scale(by: factor)
        return result
    }

    /// Returns every element divided by a number.
    public static func / (a: Tensor, divisor: Float) -> Tensor { a / Tensor(repeating: divisor, shape: []) }

    /// Returns every element negated.
    public static prefix func - (a: Tensor) -> Tensor { a * -1 }

    /// Returns 1 where an element is less than the other, and 0 elsewhere, with broadcasting.
    public static func .< (a: Tensor, b: Tensor) -> Tensor { compare(a, b, <) }

    /// Returns 1 where an element is at most the other, and 0 elsewhere, with broadcasting.
    public static func .<= (a: Tensor, b: Tensor) -> Tensor { compare(a, b, <=) }

    /// Returns 1 where an element is greater than the other, and 0 elsewhere, with broadcasting.
    public static func .> (a: Tensor, b: Tensor) -> Tensor { compare(a, b, >) }

    /// Returns 1 where an element is at least the other, and 0 elsewhere, with broadcasting.
    public static func .>= (a: Tensor, b: Tensor) -> Tensor { compare(a, b, >=) }

    /// Returns 1 where two elements are equal, and 0 elsewhere, with broadcasting; a NaN equals nothing.
    public static func .== (a: Tensor, b: Tensor) -> Tensor { compare(a, b, ==) }

    /// Returns 1 where two elements differ, and 0 elsewhere, with broadcasting.
    public static func .!= (a: Tensor, b: Tensor) -> Tensor { compare(a, b, !=) }

    /// Returns 1 where an element is less than the number, and 0 elsewhere.
    public static func .< (a: Tensor, number: Float) -> Tensor { a .< Tensor(repeating: number, shape: []) }

    /// Returns 1 where an element is at most the number, and 0 elsewhere.
    public static func .<= (a: Tensor, number: Float) -> Tensor { a .<= Tensor(repeating: number, shape: []) }

    /// Returns 1 where an element is greater than the number, and 0 elsewhere.
    public static func .> (a: Tensor, number: Float) -> Tensor { a .> Tensor(repeating: number, shape: []) }

    /// Returns 1 where an element is at least the number, and 0 elsewhere.
    public static func .>= (a: Tensor, number: Float) -> Tensor { a .>= Tensor(repeating: number, shape: []) }

    /// Returns the elements of `a` where this mask is not 0, and those of `b` elsewhere, with broadcasting.
    ///
    /// Elements that are not selected do not matter, even if they are infinite or NaN.
    public func select(_ a: Tensor, otherwise b: Tensor) -> Tensor {
        let shape = Shape.broadcast(self.shape, Shape.broadcast(a.shape, b.shape))
        let (mask, chosen) = (broadcast(to: shape), a.broadcast(to: shape))
        var result = b.broadcast(to: shape)
        let (m, x, y) = (mask.pointer, chosen.pointer, result.mutablePointer())
        Parallel.forEachRange(of: shape.count, length: Self.grain) { range in
            for i in range where m[i] != 0 { y[i] = x[i] }
        }
        return result
    }

    /// Returns the elements repeated along axes of size 1 and along new axes in front.
    ///
    /// - Precondition: Every axis, aligned at the last one, has the size of `shape` or size 1.
    public func broadcast(to shape: Shape) -> Tensor {
        if self.shape == shape { return self }
        precondition(
            Shape.broadcast(self.shape, shape) == shape, "shape \(self.shape) cannot be broadcast to \(shape)")
        return read(as: shape, strides: self.shape.strides(broadcastTo: shape))
    }

    /// Returns a contiguous copy of the elements, read with the given strides.
    func read(as shape: Shape, strides: [Int]) -> Tensor {
        var result = Tensor(uninitialized: shape)
        guard shape.count > 0 else { return result }
        let walk = RowWalk(shape, strides, shape.strides)
        let (source, target, step) = (pointer, result.mutablePointer(), walk.steps.0)
        walk.forEachRow { row in
            let offsets = walk.offsets(ofRow: row)
            let (from, to) = (source + offsets.0, target + offsets.1)
            switch step {
            case 0: ck_fill(walk.width, from[0], to)
            case 1: to.update(from: from, count: walk.width)
            default: for i in 0..<walk.width { to[i] = from[i * step] }
            }
        }
        return result
    }

    /// Applies `kernel` to each pair of elements, with broadcasting.
    static func combine(_ a: Tensor, _ b: Tensor, _ kernel: PairKernel) -> Tensor {
        let shape = a.shape == b.shape ? a.shape : Shape.broadcast(a.shape, b.shape)
        var result = Tensor(uninitialized: shape)
        let (x, y, z) = (a.pointer, b.pointer, result.mutablePointer())
        if a.shape == b.shape {
            Parallel.forEachRange(of: a.count, length: grain) { range in
                let start = range.lowerBound
                kernel(range.count, x + start, y + start, z + start)
            }
            return result
        }
        guard shape.count > 0 else { return result }
        let walk = RowWalk(shape, a.shape.strides(broadcastTo: shape), b.shape.strides(broadcastTo: shape))
        let width = walk.width
        walk.forEachRow { row in
            let (i, j) = walk.offsets(ofRow: row)
            let target = z + row * width
            // The result is contiguous, so its memory can hold the operand that is one repeated element.
            if walk.steps.0 == 0 {
                ck_fill(width, x[i], target)
                kernel(width, target, y + j, target)
            } else if walk.steps.1 == 0 {
                ck_fill(width, y[j], target)
                kernel(width, x + i, target, target)
            } else {
                kernel(width, x + i, y + j, target)
            }
        }
        return result
    }

    private static func compare(_ a: Tensor, _ b: Tensor, _ holds: (Float, Float) -> Bool) -> Tensor {
        combine(a, b) { count, x, y, z in
            for i in 0..<count { z[i] = holds(x[i], y[i]) ? 1 : 0 }
        }
    }
}
