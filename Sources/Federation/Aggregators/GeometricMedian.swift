import Tensor

/// The geometric median of the clients' models: the model with the smallest sum of distances to them.
///
/// Weights and statistics have a median each. It is computed by Weiszfeld's iteration, `v ← Σ β_i θ_i / Σ β_i` with
/// `β_i = 1 / max(ν, ‖v − θ_i‖)`, whose iterates are weighted means of the models, so that all distances follow from
/// those between pairs of models. All clients count alike.
///
/// Source: Pillutla et al., "Robust aggregation for federated learning", IEEE Transactions on Signal Processing 2022,
/// Algorithm 2 (RFA).
public struct GeometricMedian: Aggregator {
    private static let iterations = 1000
    /// The change of a weight below which the iteration has converged.
    private static let tolerance = 1e-9

    /// Creates an aggregator that computes the geometric median.
    public init() {}

    /// Three updates: of two, every point between them is a median.
    public var minimumUpdates: Int { 3 }

    /// Replaces `parameters` with the geometric median of the updates.
    public func aggregate(_ updates: [LocalUpdate], into parameters: inout Parameters) {
        let ordered = updates.ordered
        for part in ModelPart.all(of: parameters) {
            part.setMean(of: ordered, weights: weights(part.squaredDistances(ordered)), in: &parameters)
        }
    }

    /// Returns the weights β_i / Σ β of the median.
    private func weights(_ squares: [[Double]]) -> [Double] {
        let count = squares.count
        var weights = [Double](repeating: 1 / Double(count), count: count)
        // Distances below this are rounding errors of the largest.
        let smoothing = (squares.joined().max() ?? 0).squareRoot() * 1e-6
        guard smoothing > 0 else { return weights }
        for _ in 0..<Self.iterations {
            // ‖v − θ_i‖² = Σ_j w_j d_ij² − ½ Σ_jk w_j w_k d_jk² for v = Σ_j w_j θ_j.
            let means = squares.map { row in zip(weights, row).reduce(0) { $0 + $1.0 * $1.1 } }
            let spread = zip(weights, means).reduce(0) { $0 + $1.0 * $1.1 } / 2
            let inverses = means.map { 1 / max(smoothing, max(0, $0 - spread).squareRoot()) }
            let total = inverses.reduce(0, +)
            let next = inverses.map { $0 / total }
            let change = zip(weights, next).map { abs($0 - $1) }.max() ?? 0
            weights = next
            if change < Self.tolerance { break }
        }
        return weights
    }
}
