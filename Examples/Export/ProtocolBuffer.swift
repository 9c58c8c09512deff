import Foundation

/// A message in the wire format of Protocol Buffers, written field by field.
///
/// A writer of the four field types that ONNX needs, so that the package does not depend on a library for a format it
/// never reads.
///
/// Source: "Encoding", the documentation of Protocol Buffers.
struct ProtocolBuffer {
    /// The encoded fields.
    private(set) var data = Data()

    /// Appends an integer.
    mutating func add(_ field: Int, _ value: Int) {
        varint(UInt64(field) << 3)
        varint(UInt64(bitPattern: Int64(value)))
    }

    /// Appends a number of 32 bits.
    mutating func add(_ field: Int, _ value: Float) {
        varint(UInt64(field) << 3 | 5)
        withUnsafeBytes(of: value.bitPattern.littleEndian) { data.append(contentsOf: $0) }
    }

    /// Appends a text.
    mutating func add(_ field: Int, _ text: String) { add(field, Data(text.utf8)) }

    /// Appends bytes.
    mutating func add(_ field: Int, _ bytes: Data) {
        varint(UInt64(field) << 3 | 2)
        varint(UInt64(bytes.count))
        data.append(bytes)
    }

    /// Appends a message.
    mutating func add(_ field: Int, _ build: (inout ProtocolBuffer) -> Void) {
        var message = ProtocolBuffer()
        build(&message)
        add(field, message.data)
    }

    private mutating func varint(_ value: UInt64) {
        var rest = value
        while rest > 127 {
            data.append(UInt8(rest & 127 | 128))
            rest >>= 7
        }
        data.append(UInt8(rest))
    }
}
