import Foundation
import Tensor

#if _endian(big)
#error("payloads are little-endian: big-endian machines would have to swap bytes here")
#endif

/// Arrays as they travel between a client and the server: the bytes that a round is charged for.
///
/// A model is its vector, 4 bytes a parameter. A share is its vectors, 4 · K · D bytes, and then K partition tags of one
/// byte each. Floats are little-endian float32 in row-major order. Names, rounds and sample counts are a few words in
/// the records of whatever carries the payload, and are not counted.
public struct Payload: Hashable, Sendable {
    /// The encoded arrays.
    public let bytes: Data

    /// Bytes that were received, to be decoded.
    public init(bytes: Data) {
        self.bytes = bytes
    }

    /// The weights and statistics of a model.
    public init(_ parameters: Parameters) {
        bytes = parameters.vector.withElements { Data(buffer: $0) }
    }

    /// The features and tags of a share.
    public init(_ share: FeatureShare) {
        bytes = share.vectors.withElements { Data(buffer: $0) } + Data(share.partitions)
    }

    /// The model in these bytes, which has the slots of `reference`.
    ///
    /// - Throws: `Rejection` if the number of bytes is not that of `reference`.
    public func parameters(like reference: Parameters, client: String) throws(Rejection) -> Parameters {
        let expected = reference.count * MemoryLayout<Float>.size
        guard bytes.count == expected else {
            throw .byteCount(client: client, expected: expected, found: bytes.count)
        }
        var vector = Tensor(zeros: reference.vector.shape)
        Self.copy(bytes, to: &vector)
        var parameters = reference
        parameters.vector = vector
        return parameters
    }

    /// Fills a tensor with encoded floats, which may begin at any address.
    static func copy(_ bytes: Data, to tensor: inout Tensor) {
        precondition(bytes.count == tensor.count * 4, "\(bytes.count) bytes do not fill \(tensor.count) floats")
        tensor.withMutableElements { elements in
            _ = bytes.copyBytes(to: UnsafeMutableRawBufferPointer(elements))
        }
    }
}
