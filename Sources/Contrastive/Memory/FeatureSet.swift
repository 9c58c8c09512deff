import Tensor

/// Features of unit length, each with the partition of the slice it was computed from and the site it comes from.
///
/// Keys of a batch, the contents of a bank, what a site receives from the others and the sampled bank Q′ are all of this
/// type.
public struct FeatureSet: Sendable, Equatable {
    /// The features, each of Euclidean length 1. Shape `[count, dimension]`.
    public let features: Tensor
    /// The partition of each feature.
    public let partitions: [UInt8]
    /// The site that each feature comes from, as a number that the federation gives; 0 unless said otherwise.
    public let origins: [UInt16]

    /// Features from one site.
    ///
    /// - Precondition: rank 2, a partition for every row, and a site from 0 to 65,535.
    public init(features: Tensor, partitions: [UInt8], origin: Int = 0) {
        precondition((0...65_535).contains(origin), "site \(origin): expected 0 to 65,535")
        self.init(
            features: features, partitions: partitions,
            origins: Array(repeating: UInt16(origin), count: partitions.count))
    }

    /// Features from several sites.
    ///
    /// - Precondition: rank 2, a partition and a site for every row.
    public init(features: Tensor, partitions: [UInt8], origins: [UInt16]) {
        precondition(
            features.shape.rank == 2 && features.shape[0] == partitions.count && partitions.count == origins.count,
            "\(partitions.count) partitions and \(origins.count) sites for features of shape \(features.shape)")
        (self.features, self.partitions, self.origins) = (features, partitions, origins)
    }

    /// The number of features.
    public var count: Int { partitions.count }
    /// The length of a feature, D.
    public var dimension: Int { features.shape[1] }
}
