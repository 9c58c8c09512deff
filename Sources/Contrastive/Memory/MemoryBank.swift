import Tensor

/// Q_l: the features that a site's momentum encoder computed last, first in, first out.
///
/// It is a value: pushed to, sampled from, exchanged, saved. No loss owns or changes one.
///
/// Source: Wu et al., MICCAI 2021, section 2.2; the queue is that of He et al., CVPR 2020.
public struct MemoryBank: Sendable, Equatable {
    /// The most features that it holds.
    public let capacity: Int
    /// The length of a feature, D.
    public let dimension: Int
    // A ring: row r of `features` belongs to element r of the other two; the oldest feature of a full ring is at `next`.
    private var features: Tensor
    private var partitions: [UInt8] = []
    private var origins: [UInt16] = []
    private var next = 0

    /// An empty bank.
    ///
    /// - Precondition: positive extents.
    public init(capacity: Int, dimension: Int) {
        precondition(capacity > 0 && dimension > 0, "a bank of \(capacity) features of length \(dimension)")
        (self.capacity, self.dimension) = (capacity, dimension)
        features = Tensor(zeros: [capacity, dimension])
    }

    /// The number of features.
    public var count: Int { partitions.count }

    /// The features, the oldest first.
    public var contents: FeatureSet {
        // Nothing is copied while the ring begins at its first row.
        guard count == capacity, next > 0 else {
            return FeatureSet(features: features.rows(0..<count), partitions: partitions, origins: origins)
        }
        var ordered = Tensor(zeros: features.shape)
        ordered.withMutableElements { target in
            features.withElements { source in
                let (target, source) = (target.baseAddress!, source.baseAddress!)
                let split = next * dimension
                target.update(from: source + split, count: features.count - split)
                (target + (features.count - split)).update(from: source, count: split)
            }
        }
        return FeatureSet(
            features: ordered, partitions: Array(partitions[next...] + partitions[..<next]),
            origins: Array(origins[next...] + origins[..<next]))
    }

    /// Adds features, in their order; the oldest leave when there is no room.
    ///
    /// - Precondition: features of the bank's dimension.
    public mutating func push(_ new: FeatureSet) {
        precondition(
            new.dimension == dimension, "features of length \(new.dimension) for a bank of length \(dimension)")
        let dimension = dimension
        // Of more features than there is room for, the first would leave at once.
        for row in max(0, new.count - capacity)..<new.count {
            if next == partitions.count {
                partitions.append(new.partitions[row])
                origins.append(new.origins[row])
            } else {
                partitions[next] = new.partitions[row]
                origins[next] = new.origins[row]
            }
            let place = next * dimension
            features.withMutableElements { target in
                new.features.withElements { source in
                    target.baseAddress!.advanced(by: place)
                        .update(from: source.baseAddress! + row * dimension, count: dimension)
                }
            }
            next = (next + 1) % capacity
        }
    }

    /// Whether two banks hold the same features in the same order and go on in the same way.
    public static func == (a: MemoryBank, b: MemoryBank) -> Bool {
        a.capacity == b.capacity && a.dimension == b.dimension && a.contents == b.contents
    }
}
