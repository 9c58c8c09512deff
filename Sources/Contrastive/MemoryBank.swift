import Features
import Tensor

/// Q_l, a queue of the features that a site's momentum encoder computed most recently, first in, first out.
///
/// A bank is a value that can be pushed to, sampled from, exchanged, and saved. No loss owns or changes one.
///
/// Source: Wu et al., MICCAI 2021, section 2.2; the queue is that of He et al., CVPR 2020.
public struct MemoryBank: Sendable, Equatable {
    /// The maximum number of features.
    public let capacity: Int
    /// The features, oldest first.
    public private(set) var contents: FeatureSet

    /// Creates an empty bank.
    ///
    /// - Precondition: Positive sizes.
    public init(capacity: Int, dimension: Int) {
        precondition(capacity > 0 && dimension > 0, "a bank of \(capacity) features of length \(dimension)")
        self.capacity = capacity
        contents = FeatureSet(dimension: dimension)
    }

    /// The number of features.
    public var count: Int { contents.count }
    /// The length of a feature vector, D.
    public var dimension: Int { contents.dimension }

    /// Adds features in order, dropping the oldest when the bank is full.
    ///
    /// - Precondition: The features have the bank's dimension.
    /// - Complexity: O(`capacity` · `dimension`).
    public mutating func push(_ new: FeatureSet) {
        precondition(
            new.dimension == dimension, "features of length \(new.dimension) for a bank of length \(dimension)")
        let all = FeatureSet(joining: [contents, new])
        contents = all[max(0, all.count - capacity)..<all.count]
    }
}

extension MemoryBank {
    /// The bank as tensors to save with a run: `features [count, dimension]` and `partitions [count]`, oldest first.
    public var state: Safetensors {
        Safetensors(
            tensors: ["features": contents.vectors],
            integers: ["partitions": .init(contents.partitions.map(Int64.init), shape: [count])])
    }

    /// Creates a bank from a saved state, bitwise identical to the original, with the same behavior from then on.
    ///
    /// - Throws: `WeightsError.mismatch` if `state` is not that of a bank of these sizes, or holds a feature that is
    ///   not of unit length.
    public init(restoring state: Safetensors, capacity: Int, dimension: Int) throws(WeightsError) {
        self.init(capacity: capacity, dimension: dimension)
        func mismatch(_ tensor: String, _ field: String, _ expected: String, _ found: String) -> WeightsError {
            .mismatch(file: state.source, tensor: tensor, field: field, expected: expected, found: found)
        }
        guard let partitions = state.integers["partitions"], partitions.shape.rank == 1,
            partitions.values.count <= capacity
        else {
            throw mismatch(
                "partitions", "shape", "at most [\(capacity)]",
                state.integers["partitions"].map { "\($0.shape)" } ?? "missing")
        }
        let count = partitions.values.count
        let features = try state.tensor("features", shape: [count, dimension])
        let tags = partitions.values.compactMap(UInt8.init(exactly:))
        guard tags.count == count else { throw mismatch("partitions", "values", "0 to 255", "others") }
        do throws(FeatureError) {
            push(try FeatureSet(validating: features, partitions: tags))
        } catch {
            throw mismatch("features", "values", "unit vectors", "\(error)")
        }
    }
}

extension FeatureSet {
    /// Returns Q′: `count` features sampled uniformly from the union of a site's own bank and those of others,
    /// stratified by site.
    ///
    /// A site whose bank holds n of the N features of the union contributes `count · n / N` of them, rounded down or
    /// up at random, sampled without replacement: every feature of the union is in Q′ with the same probability
    /// `count / N`, as in Eq. (2). Beyond Eq. (2), as far as `count` allows, Q′ always contains features of the
    /// site's own bank and of each other one, so that no batch sees positives of one site only next to negatives of
    /// another. If the union has no more than `count` features, Q′ is the union.
    ///
    /// Source: Wu et al., MICCAI 2021, Eqs. (1) and (2), which sample without strata; the strata are this package's
    /// reconstruction.
    ///
    /// - Parameters:
    ///   - banks: The site's own bank, then those of others, in a fixed order. Empty banks are skipped.
    ///   - count: The number of features to sample, K.
    ///   - generator: The source of randomness.
    /// - Precondition: `count ≥ 0`, at least one bank, and equal dimensions.
    /// - Complexity: O(N + count · dimension).
    public static func sample(
        from banks: [FeatureSet], count: Int, using generator: inout SeededGenerator
    ) -> FeatureSet {
        FeatureSet(joining: samples(from: banks, count: count, using: &generator))
    }

    /// Returns the parts of Q′ as ``sample(from:count:using:)`` joins them, one from each bank.
    ///
    /// - Precondition: `count ≥ 0`, at least one bank, and equal dimensions.
    public static func samples(
        from banks: [FeatureSet], count: Int, using generator: inout SeededGenerator
    ) -> [FeatureSet] {
        precondition(!banks.isEmpty && count >= 0, "\(count) features cannot be sampled from \(banks.count) banks")
        let available = banks.reduce(0) { $0 + $1.count }
        let shares = quotas(min(count, available), of: banks.map(\.count), using: &generator)
        return zip(banks, shares).map { bank, share in
            // The first steps of a shuffle select `share` different rows.
            var rows = share > 0 ? Array(0..<bank.count) : []
            for i in 0..<share { rows.swapAt(i, i + generator.integer(below: bank.count - i)) }
            return bank[Array(rows.prefix(share))]
        }
    }

    /// Returns the number of features from each bank; the own bank, the first, contributes one even if not every bank
    /// can.
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
