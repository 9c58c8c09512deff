import Tensor

extension FeatureSet {
    /// Q′: `count` features drawn uniformly from the union of a site's own bank and those of others, stratified by site.
    ///
    /// A site whose bank holds n of the N features of the union gives `count · n / N` of them, rounded down or up at
    /// random, and draws them without repetition: every feature of the union is in Q′ with the same probability
    /// `count / N`, as in Eq. (2). Beyond Eq. (2), as far as `count` allows, Q′ always holds features of the own bank and
    /// of each other one, so that no batch sees positives of one site only beside negatives of another. Where the union
    /// has no more than `count` features, Q′ is the union.
    ///
    /// Source: Wu et al., MICCAI 2021, Eqs. (1) and (2), which draw without strata; the strata are this package's
    /// reconstruction.
    ///
    /// - Parameters:
    ///   - banks: The site's own bank and then the others', in a fixed order. Empty ones are passed over.
    ///   - count: The number of features drawn, K.
    ///   - generator: The randomness.
    /// - Precondition: `count ≥ 0`, a bank, and equal dimensions.
    /// - Complexity: O(N + count · dimension).
    public static func sample(
        from banks: [FeatureSet], count: Int, using generator: inout SeededGenerator
    ) -> FeatureSet {
        precondition(!banks.isEmpty && count >= 0, "\(count) features cannot be drawn from \(banks.count) banks")
        let dimension = banks[0].dimension
        precondition(
            banks.allSatisfy { $0.dimension == dimension },
            "banks of dimensions \(banks.map(\.dimension)) in one sample")
        let available = banks.reduce(0) { $0 + $1.count }
        let shares = quotas(min(count, available), of: banks.map(\.count), using: &generator)
        var sample = Tensor(zeros: [shares.reduce(0, +), dimension])
        var (partitions, origins): ([UInt8], [UInt16]) = ([], [])
        sample.withMutableElements { target in
            for (bank, share) in zip(banks, shares) where share > 0 {
                // The first steps of a shuffle: `share` different rows.
                var rows = Array(0..<bank.count)
                bank.features.withElements { source in
                    for i in 0..<share {
                        rows.swapAt(i, i + generator.integer(below: bank.count - i))
                        target.baseAddress!.advanced(by: partitions.count * dimension)
                            .update(from: source.baseAddress! + rows[i] * dimension, count: dimension)
                        partitions.append(bank.partitions[rows[i]])
                        origins.append(bank.origins[rows[i]])
                    }
                }
            }
        }
        return FeatureSet(features: sample, partitions: partitions, origins: origins)
    }

    /// How many features each bank gives; the own bank, the first, comes away with one even where not every bank can.
    private static func quotas(_ count: Int, of sizes: [Int], using generator: inout SeededGenerator) -> [Int] {
        var shares = apportion(count, among: sizes, using: &generator)
        if shares[0] == 0, sizes[0] > 0, count > 1 {
            let largest = shares.indices.max { shares[$0] < shares[$1] }!
            shares[largest] -= 1
            shares[0] = 1
        }
        if shares[0] == count, count > 1, let other = sizes.indices.dropFirst().first(where: { sizes[$0] > 0 }) {
            shares[0] -= 1
            shares[other] = 1
        }
        return shares
    }
}
