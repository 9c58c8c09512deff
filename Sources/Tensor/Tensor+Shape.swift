extension Tensor {
    /// The extents of a tensor, slowest axis first: up to six, stored in place.
    ///
    /// ```swift
    /// let images: Tensor.Shape = [8, 64, 64, 1]    // [batch, height, width, channels]
    /// ```
    public struct Shape: Hashable, Sendable, ExpressibleByArrayLiteral, CustomStringConvertible {
        // Two vectors of 16 bytes: a value with a stricter alignment that lives across an `await` crashes (Swift 6.3).
        private var firstExtents = SIMD4<Int32>(repeating: 0)
        private var lastExtents = SIMD4<Int32>(repeating: 0)
        /// The number of axes.
        public private(set) var rank: Int

        /// The most axes that a tensor can have.
        public static let maximumRank = 6

        /// A shape with the given extents; an empty list is the shape of a scalar.
        ///
        /// - Precondition: at most six extents, none negative or beyond `Int32.max`.
        public init(_ extents: some Collection<Int>) {
            precondition(extents.count <= Self.maximumRank, "a shape of \(extents.count) axes: at most 6 are possible")
            rank = extents.count
            for (axis, extent) in extents.enumerated() {
                precondition(extent >= 0 && extent <= Int32.max, "the extent \(extent) of axis \(axis) is impossible")
                if axis < 4 { firstExtents[axis] = Int32(extent) } else { lastExtents[axis - 4] = Int32(extent) }
            }
        }

        /// A shape with the given extents.
        public init(arrayLiteral elements: Int...) {
            self.init(elements)
        }

        /// The extent of an axis.
        ///
        /// - Precondition: `axis` is below `rank`.
        public subscript(axis: Int) -> Int {
            precondition(axis >= 0 && axis < rank, "axis \(axis) of shape \(self)")
            return extent(of: axis)
        }

        private func extent(of axis: Int) -> Int {
            Int(axis < 4 ? firstExtents[axis] : lastExtents[axis - 4])
        }

        /// The number of elements: the product of all extents, 1 for a scalar.
        public var count: Int {
            var product = 1
            for axis in 0..<rank { product *= extent(of: axis) }
            return product
        }

        /// The extents as an array.
        public var array: [Int] { (0..<rank).map(extent) }

        /// The extent of the last axis; 1 for a scalar.
        public var last: Int { rank == 0 ? 1 : self[rank - 1] }

        /// The product of all extents but the last.
        var leadingCount: Int { last == 0 ? 0 : count / last }

        func droppingFirst() -> Shape { Shape(array.dropFirst()) }

        func prepending(_ extent: Int) -> Shape { Shape([extent] + array) }

        func replacingLast(with extent: Int) -> Shape { Shape(array.dropLast() + [extent]) }

        /// `[8, 64, 64, 1]`.
        public var description: String { "\(array)" }
    }
}
