/// The name of an aggregator with its parameter, as in settings and options: `fedAvg`, `trimmedMean:0.2`.
public struct AggregationRule: Hashable, Sendable, Codable, CustomStringConvertible {
    /// The kind of the rule.
    public let kind: Kind
    /// The parameter; `nil` for the default, or for a rule without one.
    public let parameter: Double?

    /// The kinds of rules.
    public enum Kind: String, CaseIterable, Sendable {
        /// ``FedAvg``.
        case fedAvg
        /// ``Median``.
        case median
        /// ``TrimmedMean``; the parameter is its fraction.
        case trimmedMean
        /// ``GeometricMedian``.
        case geometricMedian
        /// ``MultiKrum``; the parameter is the number of lying clients.
        case multiKrum
        /// ``FedAvgM``; the parameter is the momentum.
        case fedAvgM
        /// ``AdaptiveServer`` with the rule of Adam; the parameter is the server's learning rate.
        case fedAdam
        /// ``AdaptiveServer`` with the rule of Yogi; the parameter is the server's learning rate.
        case fedYogi
    }

    /// The weighted mean.
    public static let fedAvg = AggregationRule("fedAvg")!

    /// A text for messages: the rules and the ranges of their parameters.
    public static let expected =
        "fedAvg, median, trimmedMean:0.01 to 0.49, geometricMedian, multiKrum:1 to 100, fedAvgM:0 to 0.999, "
        + "fedAdam:1e-5 to 10, or fedYogi:1e-5 to 10"

    /// Creates a rule from a text, or returns `nil` if there is no such rule or its parameter is out of range.
    public init?(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let kind = Kind(rawValue: String(parts[0])) else { return nil }
        self.kind = kind
        guard parts.count == 2 else {
            parameter = nil
            return
        }
        guard let number = Double(parts[1]) else { return nil }
        let isValid =
            switch kind {
            case .fedAvg, .median, .geometricMedian: false
            case .trimmedMean: (0.01...0.49).contains(number)
            case .multiKrum: (1...100).contains(number) && number == number.rounded()
            case .fedAvgM: (0...0.999).contains(number)
            case .fedAdam, .fedYogi: (1e-5...10).contains(number)
            }
        guard isValid else { return nil }
        parameter = number
    }

    /// Returns a new aggregator.
    public func aggregator() -> any Aggregator {
        switch kind {
        case .fedAvg: FedAvg()
        case .median: Median()
        case .trimmedMean: TrimmedMean(fraction: parameter ?? 0.2)
        case .geometricMedian: GeometricMedian()
        case .multiKrum: MultiKrum(liars: Int(parameter ?? 1))
        case .fedAvgM: FedAvgM(momentum: Float(parameter ?? 0.9))
        case .fedAdam: AdaptiveServer(.adam, learningRate: Float(parameter ?? 1e-2))
        case .fedYogi: AdaptiveServer(.yogi, learningRate: Float(parameter ?? 1e-2))
        }
    }

    /// The text from which the rule can be created.
    public var description: String {
        guard let parameter else { return kind.rawValue }
        return kind.rawValue + ":" + (kind == .multiKrum ? "\(Int(parameter))" : "\(parameter)")
    }

    /// Decodes the text of a rule.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let rule = AggregationRule(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "\(text): expected \(Self.expected)")
        }
        self = rule
    }

    /// Encodes the text of the rule.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
