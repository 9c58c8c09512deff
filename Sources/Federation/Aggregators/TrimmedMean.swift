import Tensor

/// The mean of the clients' models, coordinate by coordinate, without a fraction β of the lowest and of the highest
/// values.
///
/// It withstands a fraction β of lying clients; with more, it fails completely. All clients count alike.
///
/// Source: Yin et al., "Byzantine-robust distributed learning: towards optimal statistical rates", ICML 2018,
/// Algorithm 1, option II.
public struct TrimmedMean: Aggregator {
    /// The fraction of values left out at each end, β.
    public let fraction: Double

    /// Creates an aggregator that leaves out ⌈β n⌉ of n values at each end.
    ///
    /// - Precondition: `0 < fraction < 0.5`.
    public init(fraction: Double = 0.2) {
        precondition(fraction > 0 && fraction < 0.5, "a trimmed mean without a fraction of \(fraction) at each end")
        self.fraction = fraction
    }

    /// Three updates, of which the one in the middle remains.
    public var minimumUpdates: Int { 3 }

    /// Replaces `parameters` with the trimmed means of the updates.
    ///
    /// - Precondition: At least ``minimumUpdates`` updates.
    public func aggregate(_ updates: [LocalUpdate], into parameters: inout Parameters) {
        let trimmed = trimmed(of: updates.count)
        updates.combineCoordinates(into: &parameters) { values in
            let kept = values[trimmed..<values.count - trimmed]
            return kept.reduce(0, +) / Double(kept.count)
        }
    }

    /// Returns the number of values left out at each end, of which at least one remains; 0.1 · 30 is 3, though not in
    /// binary.
    private func trimmed(of count: Int) -> Int {
        min(Int((fraction * Double(count) - 1e-9).rounded(.up)), (count - 1) / 2)
    }
}
