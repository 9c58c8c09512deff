import CKernels
@_exported import Randomness

/// A dense array of `Float` in row-major order, with value semantics.
///
/// Activations are channels-last, `[batch, height, width, channels]`. Copies share memory until one of them is
/// mutated; `rows`, `reshaped`, and the slots of `Parameters` are views that copy nothing.
///
/// ```swift
/// let a = Tensor([1, 2, 3, 4], shape: [2, 2])
/// let b = a.matrixProduct(a)                     // [7, 10, 15, 22]
/// ```
public struct Tensor: Sendable {
    private var buffer: Buffer
    private var offset: Int
    /// The size of each axis, slowest axis first.
    public private(set) var shape: Shape

    /// Creates a tensor with uninitialized elements, for code that overwrites all of them.
    init(uninitialized shape: Shape) {
        buffer = Buffer(count: shape.count)
        offset = 0
        self.shape = shape
    }

    private init(buffer: Buffer, offset: Int, shape: Shape) {
        (self.buffer, self.offset, self.shape) = (buffer, offset, shape)
    }

    /// Creates a tensor with the given elements in row-major order.
    ///
    /// - Precondition: `elements.count == shape.count`.
    public init(_ elements: some Collection<Float>, shape: Shape) {
        precondition(elements.count == shape.count, "\(elements.count) elements do not fill a tensor of shape \(shape)")
        self.init(uninitialized: shape)
        _ = UnsafeMutableBufferPointer(start: buffer.base, count: shape.count).initialize(from: elements)
    }

    /// Creates a vector with the given elements.
    public init(_ elements: [Float]) {
        self.init(elements, shape: [elements.count])
    }

    /// Creates a tensor whose elements all equal `value`.
    public init(repeating value: Float, shape: Shape) {
        self.init(uninitialized: shape)
        ck_fill(shape.count, value, buffer.base)
    }

    /// Creates a tensor of zeros.
    public init(zeros shape: Shape) {
        self.init(repeating: 0, shape: shape)
    }

    /// The number of elements.
    public var count: Int { shape.count }

    /// The elements in row-major order.
    public var elements: [Float] {
        Array(UnsafeBufferPointer(start: pointer, count: count))
    }

    /// Calls `body` with the elements in row-major order. The memory is valid only during the call.
    public func withElements<Result, Failure: Error>(
        _ body: (UnsafeBufferPointer<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeBufferPointer(start: pointer, count: count))
    }

    /// Calls `body` with the elements to modify in place, after a copy if they are shared.
    public mutating func withMutableElements<Result, Failure: Error>(
        _ body: (UnsafeMutableBufferPointer<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeMutableBufferPointer(start: mutablePointer(), count: count))
    }

    /// Accesses the element at a position, given by one index per axis.
    ///
    /// - Precondition: As many indices as axes, each within bounds.
    public subscript(_ indices: Int...) -> Float {
        get { pointer[position(indices)] }
        set {
            let position = position(indices)
            mutablePointer()[position] = newValue
        }
    }

    private func position(_ indices: [Int]) -> Int {
        precondition(indices.count == shape.rank, "\(indices.count) indices into a tensor of shape \(shape)")
        var position = 0
        for (axis, index) in indices.enumerated() {
            precondition(index >= 0 && index < shape[axis], "index \(indices) lies outside shape \(shape)")
            position = position * shape[axis] + index
        }
        return position
    }

    // Views

    /// Returns the same elements with another shape, without copying.
    ///
    /// - Precondition: Equal numbers of elements.
    public func reshaped(to shape: Shape) -> Tensor {
        precondition(shape.count == count, "a tensor of shape \(self.shape) cannot take shape \(shape)")
        return Tensor(buffer: buffer, offset: offset, shape: shape)
    }

    /// Returns the part `range` of the first axis as a view, without copying.
    ///
    /// - Precondition: `range` lies within the first axis.
    public func rows(_ range: Range<Int>) -> Tensor {
        precondition(
            shape.rank > 0 && range.lowerBound >= 0 && range.upperBound <= shape[0],
            "rows \(range) lie outside shape \(shape)")
        let row = shape.droppingFirst()
        return Tensor(
            buffer: buffer, offset: offset + range.lowerBound * row.count, shape: row.prepending(range.count))
    }

    /// Returns a view of `shape.count` elements from position `start` on.
    func view(from start: Int, shape: Shape) -> Tensor {
        precondition(start >= 0 && start + shape.count <= count, "a view of shape \(shape) at \(start) of \(count)")
        return Tensor(buffer: buffer, offset: offset + start, shape: shape)
    }

    // Memory access for kernels. A pointer is valid as long as a tensor that holds its buffer exists.

    /// A pointer to the first element, for reading.
    var pointer: UnsafePointer<Float> { UnsafePointer(buffer.base + offset) }

    /// Returns a pointer to the first element, for writing, after a copy if the memory is shared.
    mutating func mutablePointer() -> UnsafeMutablePointer<Float> {
        if !isKnownUniquelyReferenced(&buffer) {
            let copy = Buffer(count: count)
            copy.base.update(from: pointer, count: count)
            buffer = copy
            offset = 0
        }
        return buffer.base + offset
    }
}

extension Tensor: Equatable {
    /// Returns whether shapes and all elements are equal (as floats: a NaN differs from itself).
    public static func == (a: Tensor, b: Tensor) -> Bool {
        guard a.shape == b.shape else { return false }
        return a.withElements { a in b.withElements { b in a.elementsEqual(b) } }
    }
}

extension Tensor: CustomStringConvertible {
    /// A text such as `Tensor [2, 2]: 1.0, 2.0, 3.0, 4.0`, showing only the first elements if there are many.
    public var description: String {
        let head = elements.prefix(16).map { "\($0)" }.joined(separator: ", ")
        return "Tensor \(shape): \(head)" + (count > 16 ? ", …" : "")
    }
}

extension Tensor {
    /// The size of each axis of a tensor, slowest axis first: up to six axes, stored inline.
    ///
    /// ```swift
    /// let images: Tensor.Shape = [8, 64, 64, 1]    // [batch, height, width, channels]
    /// ```
    public struct Shape: Hashable, Sendable, ExpressibleByArrayLiteral, CustomStringConvertible {
        // Use two 16-byte vectors: a value with a stricter alignment that lives across an `await` crashes (Swift
        // 6.3).
        private var firstExtents = SIMD4<Int32>(repeating: 0)
        private var lastExtents = SIMD4<Int32>(repeating: 0)
        /// The number of axes.
        public private(set) var rank: Int

        /// The maximum number of axes of a tensor.
        public static let maximumRank = 6

        /// Creates a shape with the given axis sizes; an empty list is the shape of a scalar.
        ///
        /// - Precondition: At most six sizes, none negative or greater than `Int32.max`.
        public init(_ extents: some Collection<Int>) {
            precondition(extents.count <= Self.maximumRank, "a shape of \(extents.count) axes: at most 6 are possible")
            rank = extents.count
            for (axis, extent) in extents.enumerated() {
                precondition(extent >= 0 && extent <= Int32.max, "the extent \(extent) of axis \(axis) is impossible")
                if axis < 4 { firstExtents[axis] = Int32(extent) } else { lastExtents[axis - 4] = Int32(extent) }
            }
        }

        /// Creates a shape with the given axis sizes.
        public init(arrayLiteral elements: Int...) {
            self.init(elements)
        }

        /// The size of an axis.
        ///
        /// - Precondition: `axis` is less than `rank`.
        public subscript(axis: Int) -> Int {
            precondition(axis >= 0 && axis < rank, "axis \(axis) of shape \(self)")
            return extent(of: axis)
        }

        private func extent(of axis: Int) -> Int {
            Int(axis < 4 ? firstExtents[axis] : lastExtents[axis - 4])
        }

        /// The number of elements: the product of all axis sizes, 1 for a scalar.
        public var count: Int {
            var product = 1
            for axis in 0..<rank { product *= extent(of: axis) }
            return product
        }

        /// The axis sizes as an array.
        public var array: [Int] { (0..<rank).map(extent) }

        /// The size of the last axis; 1 for a scalar.
        public var last: Int { rank == 0 ? 1 : self[rank - 1] }

        /// The product of all axis sizes except the last.
        var leadingCount: Int { last == 0 ? 0 : count / last }

        func droppingFirst() -> Shape { Shape(array.dropFirst()) }

        func prepending(_ extent: Int) -> Shape { Shape([extent] + array) }

        func replacingLast(with extent: Int) -> Shape { Shape(array.dropLast() + [extent]) }

        /// A text such as `[8, 64, 64, 1]`.
        public var description: String { "\(array)" }
    }
}
