import Features
import Foundation
import Tensor

extension FeatureSet {
    /// The mean similarities within and across partitions.
    public struct Separation: Hashable, Sendable {
        /// The mean cosine similarity of two features of the same partition.
        public let positives: Double
        /// The mean cosine similarity of two features of different partitions.
        public let negatives: Double
        /// The difference: 0 when features do not reflect the anatomy, whatever the loss.
        public var difference: Double { positives - negatives }
    }

    /// The mean similarity over all pairs of different features, of the same and of different partitions; `nil` if
    /// one of the two kinds of pair does not occur.
    ///
    /// The sum of `u·v` over the ordered pairs of different features of a set is `|Σ v|² − Σ |v|²`, so neither the
    /// pairs nor a similarity matrix is formed.
    ///
    /// - Complexity: O(count · dimension).
    public var separation: Separation? {
        let (dimension, elements) = (dimension, vectors.elements)
        var (total, allSquares, same, samePairs) = ([Double](repeating: 0, count: dimension), 0.0, 0.0, 0)
        for partition in Set(partitions).sorted() {
            // Σ v and Σ |v|² over the partition.
            var (sum, squares, members) = ([Double](repeating: 0, count: dimension), 0.0, 0)
            for row in 0..<count where partitions[row] == partition {
                members += 1
                for column in 0..<dimension {
                    let value = Double(elements[row * dimension + column])
                    sum[column] += value
                    squares += value * value
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

    /// The uniformity of features on the sphere: `ln mean exp(−t |u − v|²)` over all pairs of different features, with
    /// t = 2.
    ///
    /// The value is 0 if all features are equal, and smaller the more evenly they are spread. It is `nil` for fewer
    /// than two features.
    ///
    /// Source: Wang and Isola, "Understanding Contrastive Representation Learning through Alignment and Uniformity on
    /// the Hypersphere", ICML 2020, section 4.1.2.
    ///
    /// - Complexity: O(count² · dimension).
    public var uniformity: Double? {
        guard count > 1 else { return nil }
        let similarities = vectors.matrixProduct(vectors, otherTransposed: true).elements
        var sum = 0.0
        for i in 0..<count {
            for j in i + 1..<count {
                // For unit vectors, |u − v|² is 2 − 2 u·v.
                sum += Foundation.exp(-4 * (1 - Double(similarities[i * count + j])))
            }
        }
        return Foundation.log(2 * sum / Double(count * (count - 1)))
    }

    /// Returns the distance between features of two views of the same slices: the mean of `|u − v|²`, 0 to 4.
    ///
    /// Source: as for ``uniformity``, section 4.1.1, with the exponent 2.
    ///
    /// - Precondition: Equal numbers of features of the same length, at least one.
    public func alignment(with views: FeatureSet) -> Double {
        precondition(
            vectors.shape == views.vectors.shape && count > 0,
            "the alignment of \(vectors.shape) with \(views.vectors.shape)")
        return 2 - 2 * vectors.dot(views.vectors) / Double(count)
    }
}

/// Detection of contrastive training that learns nothing.
///
/// When all features are equal, each loss is at its constant, ln(1 + |N|), and features of the same partition are no
/// more alike than those of different partitions. A loss at its constant alone is how every training begins; features
/// without separation under a falling loss indicate a shortcut, such as a batch norm that reveals which key belongs
/// to a query.
public enum Collapse {
    /// The relative distance to its constant within which a loss counts as collapsed.
    public static let lossTolerance = 0.01
    /// The separation below which features do not reflect the anatomy.
    public static let minimumSeparation = 0.02

    /// A loss and its value when all features are equal.
    public struct Loss: Hashable, Sendable {
        /// The name in a sentence: "local".
        public let name: String
        /// The mean over a round.
        public let value: Double
        /// The constant ln(1 + |N|), averaged in the same way.
        public let constant: Double

        /// Creates a loss and its constant.
        public init(name: String, value: Double, constant: Double) {
            (self.name, self.value, self.constant) = (name, value, constant)
        }

        /// Whether the loss is at or above its constant, within ``Collapse/lossTolerance``.
        ///
        /// This is never true for a loss without negatives, whose constant is 0.
        public var isCollapsed: Bool { constant > 0 && value >= constant * (1 - lossTolerance) }
    }

    /// Returns a sentence for the log, or `nil` if all is well or too little is known.
    ///
    /// - Parameters:
    ///   - losses: The losses of a round.
    ///   - separation: The difference between mean similarities within and across partitions, such as that of
    ///     `FeatureSet.separation`; `nil` if unknown.
    public static func verdict(_ losses: [Loss], separation: Double?) -> String? {
        let stuck = losses.filter(\.isCollapsed).map(\.name)
        let isFlat = separation.map { $0 < minimumSeparation }
        if !stuck.isEmpty && isFlat != false {
            return "the \(stuck.joined(separator: " and the ")) loss sits at ln(1 + negatives)"
                + (separation == nil ? "" : " and the bank does not tell partitions apart")
                + ": if this lasts, the features have collapsed; a lower learning rate or weaker views may help."
        }
        if stuck.isEmpty && !losses.isEmpty && isFlat == true {
            return "the loss falls but the bank does not tell partitions apart: if this lasts, queries find their keys "
                + "by something other than anatomy; running statistics for keys, or stronger views, may help."
        }
        return nil
    }
}
