/// The mean and standard deviation of scores, some of which may be undefined.
///
/// ```swift
/// let hd95 = ScoreSummary(scores.map(\.hd95))
/// print(hd95.mean as Any, hd95.count, hd95.excludedCount)
/// ```
public struct ScoreSummary: Hashable, Sendable {
    /// The mean of the defined values; `nil` if there are none.
    public let mean: Double?
    /// The sample standard deviation, with divisor `count − 1`; `nil` for fewer than two values.
    public let standardDeviation: Double?
    /// The number of defined values.
    public let count: Int
    /// The number of values that were `nil`.
    public let excludedCount: Int

    /// Creates a summary of values; those that are `nil` are excluded and counted.
    ///
    /// - Precondition: No value is NaN or infinite.
    public init(_ values: some Sequence<Double?>) {
        var known: [Double] = []
        var excludedCount = 0
        for value in values {
            if let value {
                precondition(value.isFinite, "\(value) is no score; pass nil for one that does not exist")
                known.append(value)
            } else {
                excludedCount += 1
            }
        }
        count = known.count
        self.excludedCount = excludedCount
        guard !known.isEmpty else {
            (mean, standardDeviation) = (nil, nil)
            return
        }
        let mean = known.reduce(0, +) / Double(known.count)
        self.mean = mean
        let squares = known.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        standardDeviation = known.count < 2 ? nil : (squares / Double(known.count - 1)).squareRoot()
    }
}

extension ScoreSummary: Codable {
    /// Encodes every key; `nil` becomes `null`.
    public func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: CodingKeys.self)
        try object.encode(mean, forKey: .mean)
        try object.encode(standardDeviation, forKey: .standardDeviation)
        try object.encode(count, forKey: .count)
        try object.encode(excludedCount, forKey: .excludedCount)
    }
}
