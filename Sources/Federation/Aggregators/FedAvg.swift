import Tensor

/// The mean of the clients' models, weighted by their sample counts: `θ = Σ_c (n_c / n) θ_c`.
///
/// Statistics, such as the running means of a batch norm, are averaged like weights. The sum is computed in Double in
/// the order of the clients' names, then rounded once: the mean of equal models is bitwise identical to them, as is
/// the mean of one model, and the order of the updates does not matter.
///
/// Source: McMahan et al., "Communication-efficient learning of deep networks from decentralized data",
/// AISTATS 2017, Algorithm 1.
public struct FedAvg: Aggregator {
    /// Creates an aggregator that computes the weighted mean.
    public init() {}

    /// Replaces `parameters` with the weighted mean of the updates.
    ///
    /// - Precondition: At least one update, all with positive sample counts and the slots of `parameters`.
    public func aggregate(_ updates: [LocalUpdate], into parameters: inout Parameters) {
        precondition(!updates.isEmpty, "the mean of no models does not exist")
        for update in updates {
            precondition(update.parameters.matches(parameters), "client \(update.client) has another model")
            precondition(update.sampleCount > 0, "client \(update.client) has \(update.sampleCount) samples")
        }
        let ordered = updates.sorted { $0.client < $1.client }
        parameters.vector = .weightedMean(
            of: ordered.map(\.parameters.vector), weights: ordered.map { Double($0.sampleCount) })
    }
}
