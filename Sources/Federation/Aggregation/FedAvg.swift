import Tensor

/// The mean of the clients' models, weighted by their sample counts: `θ = Σ_c (n_c / n) θ_c`.
///
/// Statistics, such as the running means of a batch norm, are averaged like weights. The sum is made in Double and in
/// the order of the clients' names, then rounded once: the mean of equal models is that model bit for bit, as is the
/// mean of one, and the order of the updates does not matter.
///
/// Source: McMahan et al., "Communication-efficient learning of deep networks from decentralized data",
/// AISTATS 2017, Algorithm 1.
public struct FedAvg: Aggregator {
    /// A weighted mean.
    public init() {}

    /// Replaces `parameters` by the weighted mean of the updates.
    ///
    /// - Precondition: at least one update, all of positive sample count and with the slots of `parameters`.
    public func aggregate(_ updates: [LocalUpdate], into parameters: inout Parameters) {
        precondition(!updates.isEmpty, "the mean of no models does not exist")
        for update in updates {
            precondition(update.parameters.matches(parameters), "client \(update.client) has another model")
            precondition(update.sampleCount > 0, "client \(update.client) has \(update.sampleCount) samples")
        }
        let ordered = updates.sorted { $0.client < $1.client }
        let total = ordered.reduce(0) { $0 + Double($1.sampleCount) }
        var mean = Tensor(zeros: parameters.vector.shape)
        mean.withMutableElements { mean in
            var sums = [Double](repeating: 0, count: min(mean.count, Self.blockLength))
            for start in stride(from: 0, to: mean.count, by: Self.blockLength) {
                let range = start..<min(mean.count, start + Self.blockLength)
                // Not from zero: 0 + (-0) would lose the sign.
                Self.add(ordered[0], range, to: &sums, replacing: true)
                for update in ordered.dropFirst() { Self.add(update, range, to: &sums, replacing: false) }
                for (index, sum) in zip(range, sums) { mean[index] = Float(sum / total) }
            }
        }
        parameters.vector = mean
    }

    /// Sums of one block stay in the first-level cache while the clients pass.
    private static let blockLength = 2048

    private static func add(_ update: LocalUpdate, _ range: Range<Int>, to sums: inout [Double], replacing: Bool) {
        let samples = Double(update.sampleCount)
        update.parameters.vector.withElements { values in
            sums.withUnsafeMutableBufferPointer { sums in
                let values = UnsafeBufferPointer(rebasing: values[range])
                if replacing {
                    for index in values.indices { sums[index] = samples * Double(values[index]) }
                } else {
                    for index in values.indices { sums[index] += samples * Double(values[index]) }
                }
            }
        }
    }
}
