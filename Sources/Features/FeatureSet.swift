import Tensor

/// Feature vectors of Euclidean length 1, each tagged with the partition of the slice it was computed from.
///
/// Keys of a batch, the contents of a memory bank, the features that a site shares with others, and the sampled bank
/// Q′ are all of this type. Both initializers guarantee unit length: the length of a feature reveals whether an image
/// was trained on, so it is never transmitted.
public struct FeatureSet: Sendable, Equatable {
    /// The features, each of length 1, of shape `[count, dimension]`.
    public let vectors: Tensor
    /// The partition of each feature along the slice axis.
    public let partitions: [UInt8]

    /// The tolerance on the unit length of a received feature.
    public static let tolerance = 1e-4

    /// The number of features.
    public var count: Int { partitions.count }
    /// The length of a feature vector, D.
    public var dimension: Int { vectors.shape[1] }
    /// The size of the features as float32 and their tags as one byte each, in bytes.
    public var byteCount: Int { count * (4 * dimension + 1) }

    private init(unit vectors: Tensor, _ partitions: [UInt8]) {
        (self.vectors, self.partitions) = (vectors, partitions)
    }

    /// Creates an empty set of the given dimension.
    ///
    /// - Precondition: `dimension > 0`.
    public init(dimension: Int) {
        precondition(dimension > 0, "features of \(dimension) numbers")
        self.init(unit: Tensor(zeros: [0, dimension]), [])
    }

    /// Creates a set from features of any length, dividing each by its Euclidean norm.
    ///
    /// **Shapes** `[count, dimension]`, unchanged.
    ///
    /// - Precondition: Rank 2.
    /// - Throws: `FeatureError` if there is not one partition per feature, or if a feature is zero or not finite.
    public init(normalizing features: Tensor, partitions: [UInt8]) throws(FeatureError) {
        let norms = try Self.norms(of: features, partitions)
        if let row = norms.firstIndex(where: { $0 == 0 }) { throw .notUnitLength(row: row, length: 0) }
        var unit = features.l2Normalized()
        // Divide in Double where the square of a length does not fit in a float.
        for (row, length) in unit.rowNorms().enumerated() where !(abs(length - 1) <= 1e-6) {
            let exact = features.rows(row..<row + 1).elements.map { Float(Double($0) / norms[row]) }
            unit.replaceRow(row, with: Tensor(exact))
        }
        self.init(unit: unit, partitions)
    }

    /// Creates a set from features that already have unit length, such as received ones.
    ///
    /// **Shapes** `[count, dimension]`.
    ///
    /// - Precondition: Rank 2.
    /// - Throws: `FeatureError` if there is not one partition per feature, or if a feature is not finite or not of
    ///   length 1.
    public init(validating vectors: Tensor, partitions: [UInt8]) throws(FeatureError) {
        for (row, length) in try Self.norms(of: vectors, partitions).enumerated()
        where !(abs(length - 1) <= Self.tolerance) {
            throw .notUnitLength(row: row, length: length)
        }
        self.init(unit: vectors, partitions)
    }

    /// Creates a set with the features of several sets, in order.
    ///
    /// - Precondition: At least one set, all of equal dimension.
    public init(joining sets: [FeatureSet]) {
        precondition(
            !sets.isEmpty && sets.allSatisfy { $0.dimension == sets[0].dimension },
            "features of dimensions \(sets.map(\.dimension)) in one set")
        self.init(unit: Tensor(joiningRows: sets.map(\.vectors)), sets.flatMap(\.partitions))
    }

    /// A view of consecutive features, without copying.
    ///
    /// - Precondition: The rows exist.
    public subscript(rows: Range<Int>) -> FeatureSet {
        FeatureSet(unit: vectors.rows(rows), Array(partitions[rows]))
    }

    /// The features in the given rows, in the given order.
    ///
    /// - Precondition: The rows exist.
    public subscript(rows: [Int]) -> FeatureSet {
        FeatureSet(unit: vectors.gathered(rows: rows), rows.map { partitions[$0] })
    }

    /// Returns the Euclidean norm of each feature, in Double, in which the square of a float never overflows.
    private static func norms(of features: Tensor, _ partitions: [UInt8]) throws(FeatureError) -> [Double] {
        precondition(features.shape.rank == 2, "features of shape \(features.shape) are not [count, dimension]")
        guard partitions.count == features.shape[0] else {
            throw .tagCount(features: features.shape[0], tags: partitions.count)
        }
        let norms = features.rowNorms()
        if let row = norms.firstIndex(where: { !$0.isFinite }) { throw .notFinite(row: row) }
        return norms
    }
}

/// An invalid set of features.
public enum FeatureError: Error, Hashable, Sendable, CustomStringConvertible {
    /// There is not one tag per feature.
    case tagCount(features: Int, tags: Int)
    /// A feature has a NaN or infinite component.
    case notFinite(row: Int)
    /// A feature does not have length 1, or has length 0 and cannot be given it.
    case notUnitLength(row: Int, length: Double)

    /// A clause that describes the error, such as `NaN or infinite values in feature 3`.
    public var description: String {
        switch self {
        case .tagCount(let features, let tags): "\(features) features but \(tags) partition tags"
        case .notFinite(let row): "NaN or infinite values in feature \(row)"
        case .notUnitLength(let row, let length): "a feature of length \(length) in row \(row); expected 1"
        }
    }
}
