#if Flower
import Federation
import Foundation
import Tensor

extension ArrayRecord {
    private static let vectors = "vectors", tags = "partitions"

    /// One client's features: `vectors`, float32 `[count, dimension]`, and `partitions`, uint8 `[count]`.
    package init(_ share: FeatureShare) {
        self.init([])
        append(share, prefix: "")
    }

    /// The features of several clients, under the name of each.
    ///
    /// A client's arrays are the same objects whoever receives them, so that Flower keeps each of them once.
    package init(bank shares: [FeatureShare]) {
        self.init([])
        for share in shares { append(share, prefix: share.client + "/") }
    }

    private mutating func append(_ share: FeatureShare, prefix: String) {
        self[prefix + Self.vectors] = NumPyArray(share.vectors)
        self[prefix + Self.tags] = NumPyArray(
            dtype: .uint8, shape: [share.count], bytes: Data(share.partitions))
    }

    /// The features of the client that sent this record, once they were looked at as bytes from anywhere are.
    package func share(
        from client: String, round: Int, expecting exchange: FeatureExchange, prefix: String = ""
    ) throws(Rejection) -> FeatureShare {
        guard let vectors = self[prefix + Self.vectors], vectors.dtype == .float32, vectors.shape.count == 2,
            vectors.shape[1] == exchange.dimension
        else {
            throw .featureDimension(
                client: client, expected: exchange.dimension, found: self[prefix + Self.vectors]?.shape.last ?? 0)
        }
        guard let tags = self[prefix + Self.tags], tags.dtype == .uint8, tags.shape == [vectors.shape[0]] else {
            throw .tagCount(
                client: client, features: vectors.shape[0], tags: self[prefix + Self.tags]?.shape.first ?? 0)
        }
        return try FeatureShare(
            decoding: Payload(bytes: vectors.bytes + tags.bytes), client: client, round: round, expecting: exchange)
    }

    /// The features of several clients, in the order in which they were sent.
    package func bank(round: Int, expecting exchange: FeatureExchange) throws(Rejection) -> [FeatureShare] {
        var shares: [FeatureShare] = []
        for name in names where name.hasSuffix("/" + Self.vectors) {
            let client = String(name.dropLast(Self.vectors.count + 1))
            shares.append(
                try share(from: client, round: round, expecting: exchange, prefix: client + "/"))
        }
        return shares
    }
}
#endif
