import Foundation

#if _endian(big)
#error("arrays are little-endian: big-endian machines would have to swap bytes here")
#endif

/// A NumPy array: an element type, a shape, and the bytes of the elements.
///
/// A model is sent as one float32 array per weight. In a message, an array is a file in NumPy's format, `npy`, divided
/// into chunks.
public struct NumPyArray: Hashable, Sendable {
    /// The supported element types; the raw value is NumPy's name.
    public enum DType: String, CaseIterable, Sendable {
        case float32, float64
        case int8, int16, int32, int64
        case uint8, uint16, uint32, uint64
        case bool

        /// The number of bytes per element.
        public var width: Int {
            switch self {
            case .int8, .uint8, .bool: 1
            case .int16, .uint16: 2
            case .float32, .int32, .uint32: 4
            case .float64, .int64, .uint64: 8
            }
        }

        /// The type in the header of a file: byte order, kind, and width, such as `<f4`.
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
    /// The shape, slowest axis first; empty for a scalar.
    public let shape: [Int]
    /// The elements in row-major order (C order), each little-endian.
    public let bytes: Data

    /// The maximum number of axes, as in NumPy 2.
    public static let maximumRank = 64

    /// Creates an array with the given elements.
    ///
    /// - Precondition: The shape has at most 64 axes and no negative size, and the number of bytes is the number of
    ///   elements times their width.
    public init(dtype: DType, shape: [Int], bytes: Data) {
        precondition(shape.count <= Self.maximumRank, "shape \(shape) has more than \(Self.maximumRank) axes")
        precondition(
            bytes.count == Self.byteCount(dtype, shape),
            "\(bytes.count) bytes do not fill shape \(shape) of \(dtype.rawValue)")
        (self.dtype, self.shape, self.bytes) = (dtype, shape, bytes)
    }

    /// Creates an array of float32.
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

    /// Returns the number of bytes of an array; `nil` if a size is negative or the number overflows.
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

/// Format: numpy.org/doc/stable/reference/generated/numpy.lib.format.html, versions 1.0 and 2.0.
extension NumPyArray {
    /// The maximum length of a header in bytes: the limit of numpy.load.
    static let maximumHeader = 10_000

    /// Decodes a file written by numpy.save.
    ///
    /// - Throws: `FlowerError.malformed` unless the bytes are exactly one array of a supported type in row-major order.
    public init(npy: Data) throws(FlowerError) {
        let header = try NumPyHeader(npy)
        guard npy.count - header.length == Self.byteCount(header.dtype, header.shape) else {
            throw .malformed(
                what: "a NumPy array",
                reason: "\(npy.count - header.length) bytes do not fill shape \(header.shape) of "
                    + header.dtype.rawValue)
        }
        // A copy, whose indices start at zero and which does not retain the header.
        self.init(dtype: header.dtype, shape: header.shape, bytes: Data(npy.dropFirst(header.length)))
    }

    /// The array in the format of numpy.save, byte for byte.
    public var npy: Data {
        let extents = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
        var header = "{'descr': '\(dtype.descr)', 'fortran_order': False, 'shape': (\(extents)), }"
        // NumPy leaves room for the first size to grow to 21 digits, and then pads to a multiple of 64 bytes, including
        // the ten bytes before the header and the newline after it; if it is a multiple already, it adds another 64.
        if let first = shape.first { header += String(repeating: " ", count: 21 - "\(first)".count) }
        header += String(repeating: " ", count: 64 - (11 + header.utf8.count) % 64) + "\n"

        let count = header.utf8.count
        return Data(NumPyHeader.magic + [1, 0, UInt8(count & 0xFF), UInt8(count >> 8)]) + Data(header.utf8) + bytes
    }
}
