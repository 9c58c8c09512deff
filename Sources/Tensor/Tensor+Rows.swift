import CKernels

// Safe access to elements and rows, for modules without unsafe code.

extension Tensor {
    /// The size of the elements in bytes.
    public var byteCount: Int { count * MemoryLayout<Float>.size }

    /// Calls `body` with the elements in row-major order.
    public func withSpan<Result, Failure: Error>(
        _ body: (Span<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeBufferPointer(start: pointer, count: count).span)
    }

    /// Calls `body` with the elements to modify in place, after a copy if they are shared.
    public mutating func withMutableSpan<Result, Failure: Error>(
        _ body: (inout MutableSpan<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        var span = UnsafeMutableBufferPointer(start: mutablePointer(), count: count).mutableSpan
        return try body(&span)
    }

    /// Creates a tensor from rows of the given shape.
    ///
    /// **Shapes** `rowShape` each → `[rows.count] + rowShape`.
    ///
    /// - Precondition: Every row fills `rowShape`.
    public init(rows: [ArraySlice<Float>], rowShape: Shape) {
        self.init(uninitialized: rowShape.prepending(rows.count))
        let target = mutablePointer()
        for (index, row) in rows.enumerated() {
            precondition(row.count == rowShape.count, "\(row.count) elements do not fill a row of shape \(rowShape)")
            row.withUnsafeBufferPointer { source in
                if let start = source.baseAddress {
                    (target + index * rowShape.count).update(from: start, count: rowShape.count)
                }
            }
        }
    }

    /// Creates a tensor from the rows of several tensors, in order.
    ///
    /// **Shapes** `[n, …]` each → `[Σ n, …]`.
    ///
    /// - Precondition: At least one tensor; the shapes agree except for the first axis.
    public init(joiningRows parts: [Tensor]) {
        precondition(!parts.isEmpty, "no tensors to join")
        let row = parts[0].shape.droppingFirst()
        self.init(uninitialized: row.prepending(parts.reduce(0) { $0 + $1.shape[0] }))
        var target = mutablePointer()
        for part in parts {
            precondition(part.shape.droppingFirst() == row, "rows of shapes \(part.shape) and \(parts[0].shape)")
            target.update(from: part.pointer, count: part.count)
            target += part.count
        }
    }

    /// Returns the given rows, in the given order.
    ///
    /// **Shapes** `[n, …]` → `[rows.count, …]`.
    ///
    /// - Precondition: The rows exist.
    public func gathered(rows: [Int]) -> Tensor {
        let row = shape.droppingFirst()
        var result = Tensor(uninitialized: row.prepending(rows.count))
        let target = result.mutablePointer()
        for (position, index) in rows.enumerated() {
            precondition(index >= 0 && index < shape[0], "row \(index) lies outside shape \(shape)")
            (target + position * row.count).update(from: pointer + index * row.count, count: row.count)
        }
        return result
    }

    /// Replaces one row.
    ///
    /// - Precondition: The row exists, and `values` has as many elements.
    public mutating func replaceRow(_ index: Int, with values: Tensor) {
        let count = shape.droppingFirst().count
        precondition(
            index >= 0 && index < shape[0] && values.count == count,
            "a row of \(values.count) elements at \(index) of shape \(shape)")
        (mutablePointer() + index * count).update(from: values.pointer, count: count)
    }

    /// Returns the Euclidean norm of every row, in Double, in which the square of a float never overflows: a norm is
    /// finite exactly if the row is.
    ///
    /// **Shapes** `[n, …]` → n numbers.
    public func rowNorms() -> [Double] {
        let count = shape.droppingFirst().count
        return (0..<shape[0]).map { row in
            var sum = 0.0
            for index in row * count..<(row + 1) * count {
                let value = Double(pointer[index])
                sum += value * value
            }
            return sum.squareRoot()
        }
    }

    /// Returns the weighted mean of tensors, summed in Double in the given order and rounded once.
    ///
    /// The mean of equal tensors is bitwise identical to them, as is the mean of one tensor.
    ///
    /// - Precondition: At least one tensor, a weight for each, and equal shapes.
    /// - Complexity: O(tensors · elements).
    public static func weightedMean(of tensors: [Tensor], weights: [Double]) -> Tensor {
        precondition(
            !tensors.isEmpty && tensors.count == weights.count && tensors.allSatisfy { $0.shape == tensors[0].shape },
            "\(weights.count) weights for tensors of shapes \(tensors.map(\.shape))")
        let total = weights.reduce(0, +)
        var mean = Tensor(uninitialized: tensors[0].shape)
        let target = mean.mutablePointer()
        // The sums of one block stay in the L1 cache while looping over the tensors. This runs on one thread because
        // workers flush denormals.
        withUnsafeTemporaryAllocation(of: Double.self, capacity: min(2048, mean.count)) { sums in
            for start in stride(from: 0, to: mean.count, by: 2048) {
                let count = min(2048, mean.count - start)
                // Do not start from zero: 0 + (-0) would lose the sign.
                let first = tensors[0].pointer + start
                for place in 0..<count { sums[place] = weights[0] * Double(first[place]) }
                for (tensor, weight) in zip(tensors, weights).dropFirst() {
                    let next = tensor.pointer + start
                    for place in 0..<count { sums[place] += weight * Double(next[place]) }
                }
                for place in 0..<count { target[start + place] = Float(sums[place] / total) }
            }
        }
        return mean
    }
}
