import Features
import Foundation
import Tensor

/// The loss of FCL+, which grades what ``FCLLoss`` divides into partitions.
///
/// A query is attracted by features in proportion to how near they are along the heart, a, and repelled in proportion
/// to how far they are, c. With features of unit length, the temperature τ, positives K and negatives N:
///
/// ```
/// ℓ(q, K, N) = −Σ_{k ∈ K} a(q,k)/Σa · ln( e^{q·k/τ} / ( e^{q·k/τ} + Σ_{n ∈ N} c(q,n) e^{q·n/τ} ) )
/// L_q = ℓ(q, keys, Q′) + ℓ(q, Q′, Q′) + ½ ℓ₁(q, own key, near features of other volumes)
/// ```
///
/// The last term, with weights of 1, spreads what the first two would collapse: features of slices at the same height
/// of different hearts stay apart. With ``PairWeights/partitions(_:)`` and no spread, the loss is Eq. (5) of the paper.
///
/// Source: this package's extension of Wu et al., MICCAI 2021, section 2.3; the graded positives are those of Zeng et
/// al., "Positional contrastive learning", MICCAI 2021, made smooth, and the spread is that of Chen et al., "Perfectly
/// balanced", ICML 2022.
public struct GradedLoss: Hashable, Sendable {
    /// The temperature τ, dimensionless.
    public var temperature: Float
    /// The weights of attraction and repulsion.
    public var weights: PairWeights
    /// The weight of the spread.
    public var spread: Double
    /// Whether features in the bank are positives.
    public var hasRemoteLoss: Bool

    /// Creates a loss.
    ///
    /// - Precondition: `temperature > 0`, and `spread` is not negative.
    public init(
        temperature: Float = 0.1, weights: PairWeights = .positions(), spread: Double = 0.5, hasRemoteLoss: Bool = true
    ) {
        precondition(temperature > 0 && temperature.isFinite, "a temperature of \(temperature)")
        precondition(spread >= 0 && spread.isFinite, "a spread of \(spread)")
        (self.temperature, self.weights, self.spread) = (temperature, weights, spread)
        self.hasRemoteLoss = hasRemoteLoss
    }

    /// Returns the loss of a batch, differentiable with respect to the queries.
    ///
    /// Key i is that of query i; keys and bank are constants.
    ///
    /// **Shapes** `queries [batch, dimension]`, of any length: they are normalized here.
    ///
    /// - Parameters:
    ///   - queries: z, the projections of the main encoder.
    ///   - volumes: The volume of each query at its site.
    ///   - keys: The features of the batch, with the tags of the queries.
    ///   - bank: The sampled bank Q′; it may be empty.
    ///   - foreign: The entries of the bank that come from other sites, and so from other volumes.
    /// - Returns: The mean loss, a scalar, and its components.
    /// - Precondition: Equal dimensions, a key and a volume for every query, tags below `weights.tagCount`.
    public func callAsFunction(
        _ queries: Variable, volumes: [Int], keys: FeatureSet, bank: FeatureSet, foreign: Range<Int>
    ) -> (loss: Variable, statistics: Statistics) {
        let count = volumes.count
        precondition(
            queries.shape == [count, keys.dimension] && keys.count == count && bank.dimension == keys.dimension
                && count > 0,
            "queries \(queries.shape) of \(count) volumes, \(keys.count) keys of dimension \(keys.dimension) and a "
                + "bank of dimension \(bank.dimension)")
        precondition(
            0 <= foreign.lowerBound && foreign.upperBound <= bank.count, "\(foreign) of \(bank.count) features")
        let q = l2Normalize(queries)
        let features = FeatureSet(joining: [keys, bank])
        // Rows of similarities, replaced by the gradients of the sum of all L_q with respect to them, times τ.
        var rows = q.value.matrixProduct(features.vectors, otherTransposed: true).elements
        var statistics = Statistics()
        for query in 0..<count {
            let range = query * features.count..<(query + 1) * features.count
            let similarities = rows[range].map { Double($0) / Double(temperature) }
            var gradient = [Double](repeating: 0, count: features.count)
            add(query, similarities, features, volumes, count..<features.count, foreign, &gradient, &statistics)
            rows.replaceSubrange(range, with: gradient.map(Float.init))
        }
        let bySimilarity = Tensor(rows, shape: [count, features.count])
        let scale = 1 / (temperature * Float(count))
        let mean = Tensor(repeating: Float(statistics.mean), shape: [])
        let loss = q.tape.record(mean, operands: q.id) { [id = q.id] upstream, adjoints in
            var gradient = bySimilarity.matrixProduct(features.vectors)
            gradient.scale(by: scale * upstream[])
            adjoints.add(gradient, to: id)
        }
        return (loss, statistics)
    }

    /// Adds the three terms of one query.
    private func add(
        _ query: Int, _ similarities: [Double], _ features: FeatureSet, _ volumes: [Int], _ bank: Range<Int>,
        _ foreign: Range<Int>, _ gradient: inout [Double], _ statistics: inout Statistics
    ) {
        let tags = features.partitions, own = tags[query]
        let negatives = bank.map { Weighted($0, weights.repulsion(own, tags[$0])) }.filter { $0.weight > 0 }
        let keys = volumes.indices.map { Weighted($0, weights.attraction(own, tags[$0])) }
        statistics.local += contrast(keys, negatives, similarities, factor: 1, &gradient)
        if hasRemoteLoss {
            let remote = bank.map { Weighted($0, weights.attraction(own, tags[$0])) }
            statistics.remote += contrast(remote, negatives, similarities, factor: 1, &gradient)
        }
        guard spread > 0 else { return }
        let others = volumes.indices.filter { volumes[$0] != volumes[query] } + foreign.map { bank.lowerBound + $0 }
        let near = others.filter { weights.areNear(own, tags[$0]) }.map { Weighted($0, 1) }
        statistics.spread += contrast([Weighted(query, 1)], near, similarities, factor: spread, &gradient)
    }

    /// A feature and its weight.
    private struct Weighted {
        let index: Int
        let weight: Double

        init(_ index: Int, _ weight: Double) { (self.index, self.weight) = (index, weight) }
    }

    /// Returns ℓ of one query, and adds its gradient with respect to the similarities over τ; no term without
    /// positives.
    private func contrast(
        _ positives: [Weighted], _ negatives: [Weighted], _ similarities: [Double], factor: Double,
        _ gradient: inout [Double]
    ) -> FCLLoss.Statistics.Term {
        var term = FCLLoss.Statistics.Term()
        let total = positives.reduce(0) { $0 + $1.weight }
        guard total > 0 else { return term }
        let largest = negatives.reduce(-Double.infinity) { max($0, similarities[$1.index]) }
        let exponentials = negatives.map { $0.weight * exp(similarities[$0.index] - largest) }
        let sum = exponentials.reduce(0, +)
        let logNegatives = sum == 0 ? -Double.infinity : largest + log(sum)
        var (loss, pull) = (0.0, 0.0)
        for positive in positives where positive.weight > 0 {
            let share = factor * positive.weight / total
            let (value, miss) = infoNCE(positive: similarities[positive.index], logNegatives: logNegatives)
            loss += share * value
            pull += share * miss
            gradient[positive.index] -= share * miss
        }
        if sum > 0 {
            for (negative, exponential) in zip(negatives, exponentials) {
                gradient[negative.index] += pull * exponential / sum
            }
        }
        term.add(loss, constant: factor * log1p(negatives.reduce(0) { $0 + $1.weight }))
        return term
    }

    /// The components of the loss over some queries; those of several batches can be added.
    public struct Statistics: Hashable, Sendable {
        /// The first term, over keys of the batch.
        public internal(set) var local = FCLLoss.Statistics.Term()
        /// The second term, over the queries with positives in the bank.
        public internal(set) var remote = FCLLoss.Statistics.Term()
        /// The third term.
        public internal(set) var spread = FCLLoss.Statistics.Term()

        /// Creates statistics of no queries.
        public init() {}

        /// L, the mean of L_q; NaN without queries.
        public var mean: Double { (local.sum + remote.sum + spread.sum) / Double(local.queries) }
        /// The value of `mean` when all features are equal.
        public var constant: Double {
            (local.constantSum + remote.constantSum + spread.constantSum) / Double(local.queries)
        }

        /// Adds the statistics of other queries.
        public static func += (a: inout Statistics, b: Statistics) {
            a.local += b.local
            a.remote += b.remote
            a.spread += b.spread
        }
    }
}

extension FCLLoss.Statistics.Term {
    /// Adds another term over other queries.
    static func += (a: inout Self, b: Self) {
        a.sum += b.sum
        a.constantSum += b.constantSum
        a.queries += b.queries
    }
}
