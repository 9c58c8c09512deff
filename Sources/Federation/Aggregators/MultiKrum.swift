import Tensor

/// The mean of the `n − f` clients' models that lie closest to their neighbors.
///
/// The score of a model is the sum of the squared distances to the `n − f − 2` models nearest to it; models with the
/// lowest scores are averaged. Weights and statistics are selected separately. All clients count alike.
///
/// Source: Blanchard et al., "Machine learning with adversaries: Byzantine tolerant gradient descent", NIPS 2017,
/// section 4, with m = n − f.
public struct MultiKrum: Aggregator {
    /// The number of lying clients that the rule withstands, f.
    public let liars: Int

    /// Creates an aggregator that withstands a number of lying clients.
    ///
    /// - Precondition: `liars ≥ 1`.
    public init(liars: Int = 1) {
        precondition(liars >= 1, "Krum with \(liars) lying clients: expected at least 1")
        self.liars = liars
    }

    /// 2f + 3, the condition of the proof.
    public var minimumUpdates: Int { 2 * liars + 3 }

    /// Replaces `parameters` with the mean of the selected updates.
    ///
    /// - Precondition: At least ``minimumUpdates`` updates.
    public func aggregate(_ updates: [LocalUpdate], into parameters: inout Parameters) {
        precondition(updates.count >= minimumUpdates, "Krum with \(updates.count) updates and \(liars) liars")
        let ordered = updates.ordered
        for part in ModelPart.all(of: parameters) {
            let scores = part.squaredDistances(ordered).enumerated().map { index, row in
                var others = row
                others.remove(at: index)
                return others.sorted().prefix(ordered.count - liars - 2).reduce(0, +)
            }
            // Among equal scores, the order of the names decides.
            let selected = scores.indices.sorted { (scores[$0], $0) < (scores[$1], $1) }
                .prefix(ordered.count - liars).sorted()
            part.setMean(
                of: selected.map { ordered[$0] }, weights: Array(repeating: 1, count: selected.count), in: &parameters)
        }
    }
}
