/// A mean and how far values lie from it.
public struct Statistic: Hashable, Sendable {
    /// The mean.
    public let mean: Double
    /// The standard deviation, drawn as a whisker to both sides; none where it is not finite.
    public let deviation: Double

    /// A mean with its standard deviation.
    public init(mean: Double, deviation: Double = .nan) {
        (self.mean, self.deviation) = (mean, deviation)
    }

    /// The mean of values and their standard deviation, with one degree of freedom less than there are values. Values
    /// that are not finite are passed over; without any the mean is not a number, and of one there is no deviation.
    public init(of values: [Double]) {
        let values = values.filter(\.isFinite)
        let mean = values.reduce(0, +) / Double(values.count)
        let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        self.init(mean: mean, deviation: (squares / Double(values.count - 1)).squareRoot())
    }

    /// `0.812 ± 0.034`.
    public func text(decimals: Int = 3) -> String {
        Numeral.text(mean, decimals: decimals)
            + (mean.isFinite && deviation.isFinite ? " ± \(Numeral.text(deviation, decimals: decimals))" : "")
    }

    /// The ends of the whisker, or only the mean.
    var ends: [Double] { deviation.isFinite ? [mean - deviation, mean + deviation] : [mean] }
}
