import Tensor

extension FeatureSet {
    /// How alike features are, and how well they tell partitions apart.
    public struct Separation: Hashable, Sendable {
        /// The mean cosine similarity of two features of the same partition.
        public let positives: Double
        /// The mean cosine similarity of two features of different partitions.
        public let negatives: Double
        /// The difference: 0 when features say nothing of the anatomy, whatever the loss says.
        public var difference: Double { positives - negatives }
    }

    /// The mean similarity over all pairs of different features, of the same and of different partitions; `nil` where
    /// one of the two kinds of pair does not occur.
    ///
    /// The sum of `u·v` over the ordered pairs of different features of a set is `|Σ v|² − Σ |v|²`, so that neither pairs
    /// nor a matrix of similarities have to be formed.
    ///
    /// - Complexity: O(count · dimension).
    public var separation: Separation? {
        let dimension = dimension
        var (total, allSquares, same, samePairs) = ([Double](repeating: 0, count: dimension), 0.0, 0.0, 0)
        for partition in Set(partitions).sorted() {
            // Σ v and Σ |v|² over the partition.
            var (sum, squares, members) = ([Double](repeating: 0, count: dimension), 0.0, 0)
            features.withElements { elements in
                for row in 0..<count where partitions[row] == partition {
                    members += 1
                    let vector = UnsafeBufferPointer(rebasing: elements[(row * dimension)...].prefix(dimension))
                    for column in 0..<dimension {
                        let value = Double(vector[column])
                        sum[column] += value
                        squares += value * value
                    }
                }
            }
            same += sum.reduce(0) { $0 + $1 * $1 } - squares
            samePairs += members * (members - 1)
            allSquares += squares
            for column in 0..<dimension { total[column] += sum[column] }
        }
        let all = total.reduce(0) { $0 + $1 * $1 } - allSquares
        let otherPairs = count * (count - 1) - samePairs
        guard samePairs > 0, otherPairs > 0 else { return nil }
        return Separation(positives: same / Double(samePairs), negatives: (all - same) / Double(otherPairs))
    }
}
