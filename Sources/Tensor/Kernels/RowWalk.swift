/// The rows of an array, and where each begins in two operands whose strides differ from the array's own.
///
/// Broadcasting, reductions, and permutations all visit an array row by row, a row being a run along the last axis.
/// Neighboring axes that both operands traverse without a jump are merged, so rows are as long as possible.
struct RowWalk {
    /// The number of elements in a row.
    let width: Int
    /// The number of rows.
    let rows: Int
    /// The distance between neighboring elements of a row in each operand; 0 repeats one element.
    let steps: (Int, Int)
    private let extents: [Int]
    private let strides: [(Int, Int)]

    /// Creates the walk over an array of the given shape, with the strides of each operand per axis.
    init(_ shape: Tensor.Shape, _ first: [Int], _ second: [Int]) {
        var merged: [(extent: Int, first: Int, second: Int)] = []
        for (axis, extent) in shape.array.enumerated() where extent != 1 {
            if let last = merged.last, last.first == first[axis] * extent, last.second == second[axis] * extent {
                merged[merged.count - 1] = (last.extent * extent, first[axis], second[axis])
            } else {
                merged.append((extent, first[axis], second[axis]))
            }
        }
        let row = merged.popLast() ?? (1, 1, 1)
        width = row.extent
        steps = (row.first, row.second)
        extents = merged.map(\.extent)
        strides = merged.map { ($0.first, $0.second) }
        rows = extents.reduce(1, *)
    }

    /// Returns the offsets of the first element of a row in both operands.
    func offsets(ofRow row: Int) -> (Int, Int) {
        var (rest, offsets) = (row, (0, 0))
        for axis in extents.indices.reversed() {
            let (quotient, index) = rest.quotientAndRemainder(dividingBy: extents[axis])
            offsets.0 += index * strides[axis].0
            offsets.1 += index * strides[axis].1
            rest = quotient
        }
        return offsets
    }

    /// Calls `body` with every row once, on several threads.
    func forEachRow(_ body: (Int) -> Void) {
        Parallel.forEachRange(of: rows, length: max(1, Tensor.grain / max(1, width))) { range in
            for row in range { body(row) }
        }
    }
}

extension Tensor.Shape {
    /// The distance between neighboring elements along each axis of a contiguous array.
    var strides: [Int] {
        var (strides, next) = ([Int](repeating: 1, count: rank), 1)
        for axis in (0..<rank).reversed() {
            strides[axis] = next
            next *= self[axis]
        }
        return strides
    }

    /// The strides with which an array of this shape is read as one of shape `target`: 0 along repeated axes.
    ///
    /// - Precondition: The shape can be broadcast to `target`.
    func strides(broadcastTo target: Tensor.Shape) -> [Int] {
        let own = zip(strides, array).map { stride, extent in extent == 1 ? 0 : stride }
        return Array(repeating: 0, count: target.rank - rank) + own
    }

    /// Returns the shape that two operands have together: axes are aligned at the last one, and an axis of size 1 is
    /// repeated.
    ///
    /// - Precondition: Aligned axes have equal sizes, or one of them has size 1.
    static func broadcast(_ a: Tensor.Shape, _ b: Tensor.Shape) -> Tensor.Shape {
        let rank = max(a.rank, b.rank)
        return Tensor.Shape(
            (0..<rank).map { axis in
                let (left, right) = (axis - rank + a.rank, axis - rank + b.rank)
                guard left >= 0 else { return b[right] }
                guard right >= 0, a[left] != b[right] else { return a[left] }
                precondition(
                    a[left] == 1 || b[right] == 1, "shapes \(a) and \(b) differ and cannot be broadcast to each other")
                return a[left] == 1 ? b[right] : a[left]
            })
    }

    /// Returns an axis counted from the start; a negative one is counted from the end, −1 being the last.
    ///
    /// - Precondition: The axis exists.
    func axis(_ axis: Int) -> Int {
        let index = axis < 0 ? axis + rank : axis
        precondition(index >= 0 && index < rank, "axis \(axis) of shape \(self)")
        return index
    }

    /// Splits the elements at an axis: the product of the sizes before it, its size, and the product of those after.
    func split(at axis: Int) -> (outer: Int, extent: Int, inner: Int) {
        let extents = array
        return (extents[..<axis].reduce(1, *), extents[axis], extents[(axis + 1)...].reduce(1, *))
    }
}
