#if Flower
import Foundation

#if _endian(big)
#error("arrays are little-endian: big-endian machines would have to swap bytes here")
#endif

/// An array as NumPy keeps it: a type of elements, a shape, and the elements' bytes.
///
/// A model travels as one float32 array for each weight. In a message an array is a file in NumPy's format, `npy`, cut
/// into chunks.
public struct NumPyArray: Hashable, Sendable {
    /// The types of elements that are read and written. The raw value is NumPy's name.
    public enum DType: String, CaseIterable, Sendable {
        case float32, float64
        case int8, int16, int32, int64
        case uint8, uint16, uint32, uint64
        case bool

        /// Bytes an element.
        public var width: Int {
            switch self {
            case .int8, .uint8, .bool: 1
            case .int16, .uint16: 2
            case .float32, .int32, .uint32: 4
            case .float64, .int64, .uint64: 8
            }
        }

        /// The type in the header of a file: byte order, kind and width, `<f4`.
        package var descr: String {
            let kind =
                switch self {
                case .float32, .float64: "f"
                case .int8, .int16, .int32, .int64: "i"
                case .uint8, .uint16, .uint32, .uint64: "u"
                case .bool: "b"
                }
            return (width == 1 ? "|" : "<") + kind + "\(width)"
        }
    }

    /// The type of the elements.
    public let dtype: DType
    /// The extents, slowest axis first; empty for a scalar.
    public let shape: [Int]
    /// The elements in row-major order (C order), each little-endian.
    public let bytes: Data

    /// The most axes, as in NumPy 2.
    public static let maximumRank = 64

    /// An array with the given elements.
    ///
    /// - Precondition: at most 64 axes, no negative extent, and as many bytes as the shape has elements times their
    ///   width.
    public init(dtype: DType, shape: [Int], bytes: Data) {
        precondition(shape.count <= Self.maximumRank, "shape \(shape) has more than \(Self.maximumRank) axes")
        precondition(
            bytes.count == Self.byteCount(dtype, shape),
            "\(bytes.count) bytes do not fill shape \(shape) of \(dtype.rawValue)")
        (self.dtype, self.shape, self.bytes) = (dtype, shape, bytes)
    }

    /// An array of float32.
    ///
    /// - Precondition: `floats.count` is the product of the shape.
    public init(_ floats: [Float], shape: [Int]) {
        self.init(dtype: .float32, shape: shape, bytes: floats.withUnsafeBufferPointer { Data(buffer: $0) })
    }

    /// The elements of a float32 array, in row-major order; `nil` for other types.
    public var floats: [Float]? {
        guard dtype == .float32 else { return nil }
        var floats = [Float](repeating: 0, count: bytes.count / 4)
        floats.withUnsafeMutableBytes { _ = bytes.copyBytes(to: $0) }
        return floats
    }

    /// The number of bytes of an array; `nil` if an extent is negative or the number does not fit.
    static func byteCount(_ dtype: DType, _ shape: [Int]) -> Int? {
        var count = dtype.width
        for extent in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: extent)
            guard extent >= 0 && !overflow else { return nil }
            count = product
        }
        return count
    }
}
#endif
