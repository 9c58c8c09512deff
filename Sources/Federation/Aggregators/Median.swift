import Tensor

/// The median of the clients' models, coordinate by coordinate; of an even number, the mean of the two in the middle.
///
/// Every coordinate lies within the range of the honest clients as long as these are more than half. All clients count
/// alike, because a sample count is only a claim.
///
/// Source: Yin et al., "Byzantine-robust distributed learning: towards optimal statistical rates", ICML 2018,
/// Algorithm 1, option I.
public struct Median: Aggregator {
    /// Creates an aggregator that computes the median of every coordinate.
    public init() {}

    /// Three updates: of two, the median is the mean.
    public var minimumUpdates: Int { 3 }

    /// Replaces `parameters` with the medians of the updates.
    public func aggregate(_ updates: [LocalUpdate], into parameters: inout Parameters) {
        updates.combineCoordinates(into: &parameters) { values in
            let middle = values.count / 2
            return values.count % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2
        }
    }
}
