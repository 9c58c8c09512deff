/// What the features that clients exchange have to look like.
public struct FeatureExchange: Hashable, Sendable, Codable {
    /// The length of a feature: D.
    public let dimension: Int
    /// The number of partitions into which volumes are cut: S. Tags are below it.
    public let partitions: Int
    /// The most features that one client may send.
    public let maximumCount: Int

    /// An exchange of at most `maximumCount` features of `dimension` numbers from each client.
    ///
    /// - Precondition: all are positive, and `partitions` is at most 256, since a tag is one byte.
    public init(dimension: Int, partitions: Int, maximumCount: Int) {
        precondition(dimension > 0 && dimension <= 1 << 20, "features of \(dimension) numbers: expected 1 to 2^20")
        precondition(partitions > 0 && partitions <= 256, "\(partitions) partitions: expected 1 to 256")
        precondition(maximumCount > 0 && maximumCount <= 1 << 30, "\(maximumCount) features: expected 1 to 2^30")
        self.dimension = dimension
        self.partitions = partitions
        self.maximumCount = maximumCount
    }
}
