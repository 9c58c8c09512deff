import Tensor

/// A dense array in Double, for the slow and simple definitions that fast code is compared with.
public struct Oracle {
    /// The extents, slowest axis first.
    public let shape: [Int]
    /// The elements in row-major order.
    public var elements: [Double]

    /// Zeros, or another number everywhere.
    public init(_ shape: [Int], repeating value: Double = 0) {
        self.shape = shape
        elements = Array(repeating: value, count: shape.reduce(1, *))
    }

    /// The elements of a tensor.
    public init(_ tensor: Tensor) {
        shape = tensor.shape.array
        elements = tensor.elements.map(Double.init)
    }

    /// The element of a vector.
    public subscript(a: Int) -> Double {
        get { elements[a] }
        set { elements[a] = newValue }
    }

    /// The element at a position of an array with three axes.
    public subscript(a: Int, b: Int, c: Int) -> Double {
        get { elements[(a * shape[1] + b) * shape[2] + c] }
        set { elements[(a * shape[1] + b) * shape[2] + c] = newValue }
    }

    /// The element at a position of an array with four axes.
    public subscript(a: Int, b: Int, c: Int, d: Int) -> Double {
        get { elements[((a * shape[1] + b) * shape[2] + c) * shape[3] + d] }
        set { elements[((a * shape[1] + b) * shape[2] + c) * shape[3] + d] = newValue }
    }

    /// The rounded elements as a tensor.
    public var tensor: Tensor {
        Tensor(elements.map { Float($0) }, shape: Tensor.Shape(shape))
    }
}

/// Says where a tensor differs the most from its oracle; `nil` when they agree everywhere.
public func difference(
    _ a: Tensor, _ b: Oracle, relative: Double = 1e-5, absolute: Double = 1e-5
) -> String? {
    guard a.shape.array == b.shape else { return "shape \(a.shape), expected \(b.shape)" }
    return difference(a, b.elements, relative: relative, absolute: absolute)
}
