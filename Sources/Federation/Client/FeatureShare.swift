import Tensor

/// The memory bank of one client on its way to the others: unit vectors, each with the partition it came from.
///
/// There are two ways to make one, and both end with unit vectors: `init(normalizing:partitions:client:round:)` on the
/// client, and `init(decoding:client:round:expecting:)` at the server, which refuses anything else. The length of
/// a feature, which tells whether an image was trained on, never travels.
///
/// Source: Wu et al., MICCAI 2021, section 2.2, Eq. (1): the exchange of Q_{l,c}.
public struct FeatureShare: Sendable, Equatable {
    /// The features, each of Euclidean length 1. Shape `[count, dimension]`.
    public let vectors: Tensor
    /// For each feature the partition, along the slice axis, of the slice it was computed from.
    public let partitions: [UInt8]
    /// The client whose bank it is.
    public let client: String
    /// The round it belongs to.
    public let round: Int

    /// How far the length of a received feature may be from 1.
    public static let tolerance = 1e-4

    /// The number of features: K.
    public var count: Int { partitions.count }
    /// The length of a feature: D.
    public var dimension: Int { vectors.shape[1] }

    /// A share of features of any length, each of which is divided by its Euclidean length first.
    ///
    /// A row that is of length 1 already, up to rounding, keeps its bits.
    ///
    /// - Precondition: `features` has the shape `[count, dimension]`.
    /// - Throws: `Rejection` if there is not one partition for each feature, or if a feature is zero or not finite.
    public init(normalizing features: Tensor, partitions: [UInt8], client: String, round: Int) throws(Rejection) {
        precondition(features.shape.rank == 2, "features of shape \(features.shape) are not [count, dimension]")
        guard partitions.count == features.shape[0] else {
            throw .tagCount(client: client, features: features.shape[0], tags: partitions.count)
        }
        let dimension = features.shape[1]
        var vectors = features
        try vectors.withMutableElements { (elements) throws(Rejection) in
            for row in 0..<partitions.count {
                let norm = Self.norm(of: UnsafeBufferPointer(elements), row: row, dimension: dimension)
                guard norm.isFinite else { throw .featureNotFinite(client: client, row: row) }
                guard norm > 0 else { throw .notUnitNorm(client: client, row: row, norm: norm) }
                if abs(norm - 1) <= 1e-6 { continue }
                for index in row * dimension..<(row + 1) * dimension {
                    elements[index] = Float(Double(elements[index]) / norm)
                }
            }
        }
        self.init(unit: vectors, partitions: partitions, client: client, round: round)
    }

    /// A share received as bytes.
    ///
    /// - Throws: `Rejection` if the bytes are not whole features of the expected dimension, are more of them than
    ///   expected, or if a feature is not finite or not of length 1.
    public init(
        decoding payload: Payload, client: String, round: Int, expecting exchange: FeatureExchange
    ) throws(Rejection) {
        let (bytes, bytesEach) = (payload.bytes, exchange.dimension * MemoryLayout<Float>.size + 1)
        guard bytes.count.isMultiple(of: bytesEach) else {
            throw .partialFeature(client: client, bytes: bytes.count, bytesEach: bytesEach)
        }
        let count = bytes.count / bytesEach
        guard count <= exchange.maximumCount else {
            throw .featureCount(client: client, found: count, limit: exchange.maximumCount)
        }
        var vectors = Tensor(zeros: [count, exchange.dimension])
        let vectorBytes = count * (bytesEach - 1)
        Payload.copy(bytes.prefix(vectorBytes), to: &vectors)
        try vectors.withElements { (elements) throws(Rejection) in
            for row in 0..<count {
                let norm = Self.norm(of: elements, row: row, dimension: exchange.dimension)
                guard norm.isFinite else { throw .featureNotFinite(client: client, row: row) }
                guard abs(norm - 1) <= Self.tolerance else {
                    throw .notUnitNorm(client: client, row: row, norm: norm)
                }
            }
        }
        self.init(unit: vectors, partitions: Array(bytes.dropFirst(vectorBytes)), client: client, round: round)
    }

    private init(unit vectors: Tensor, partitions: [UInt8], client: String, round: Int) {
        self.vectors = vectors
        self.partitions = partitions
        self.client = client
        self.round = round
    }

    /// In Double, where the square of no float overflows: the result is finite exactly if the row is.
    private static func norm(of elements: UnsafeBufferPointer<Float>, row: Int, dimension: Int) -> Double {
        var sum = 0.0
        for index in row * dimension..<(row + 1) * dimension {
            let value = Double(elements[index])
            sum += value * value
        }
        return sum.squareRoot()
    }
}
