#if Flower
import Foundation

/// Format: numpy.org/doc/stable/reference/generated/numpy.lib.format.html, versions 1.0 and 2.0.
extension NumPyArray {
    /// The longest header that is read, in bytes: the limit of numpy.load.
    static let maximumHeader = 10_000

    /// Reads a file that numpy.save wrote.
    ///
    /// - Throws: `FlowerError.malformed` unless the bytes are one array of a known type in row-major order, and all of
    ///   it.
    public init(npy: Data) throws(FlowerError) {
        let header = try NumPyHeader(npy)
        guard npy.count - header.length == Self.byteCount(header.dtype, header.shape) else {
            throw .malformed(
                what: "a NumPy array",
                reason: "\(npy.count - header.length) bytes do not fill shape \(header.shape) of "
                    + header.dtype.rawValue)
        }
        // A copy, whose indices begin at zero and which does not keep the header alive.
        self.init(dtype: header.dtype, shape: header.shape, bytes: Data(npy.dropFirst(header.length)))
    }

    /// The array as numpy.save writes it, byte for byte.
    public var npy: Data {
        let extents = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
        var header = "{'descr': '\(dtype.descr)', 'fortran_order': False, 'shape': (\(extents)), }"
        // Room for the first extent to grow to 21 digits, and then up to a multiple of 64 bytes with the ten before
        // the header and the newline after it; a whole 64 where it is one already.
        if let first = shape.first { header += String(repeating: " ", count: 21 - "\(first)".count) }
        header += String(repeating: " ", count: 64 - (11 + header.utf8.count) % 64) + "\n"

        let count = header.utf8.count
        return Data(NumPyHeader.magic + [1, 0, UInt8(count & 0xFF), UInt8(count >> 8)]) + Data(header.utf8) + bytes
    }
}
#endif
