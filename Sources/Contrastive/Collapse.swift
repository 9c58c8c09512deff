/// Says when contrastive training learns nothing.
///
/// When all features are equal, each loss sits at its constant, ln(1 + |N|), and features of the same partition are no
/// more alike than those of different ones. A loss at its constant alone is how every training begins; features without
/// separation under a loss that falls are a shortcut, such as a batch norm that betrays which key belongs to a query.
public enum Collapse {
    /// How near to its constant a loss counts as collapsed, relative to the constant.
    public static let lossTolerance = 0.01
    /// The separation below which features tell nothing of the anatomy.
    public static let leastSeparation = 0.02

    /// A loss beside the value that it has when all features are equal.
    public struct Loss: Hashable, Sendable {
        /// What it is called in a sentence: "local".
        public let name: String
        /// Its mean over a round.
        public let value: Double
        /// ln(1 + |N|), averaged in the same way.
        public let constant: Double

        /// A loss and its constant.
        public init(name: String, value: Double, constant: Double) {
            (self.name, self.value, self.constant) = (name, value, constant)
        }

        /// Whether the loss sits at its constant or above it. A loss without negatives, whose constant is 0, does not.
        public var isCollapsed: Bool { constant > 0 && value >= constant * (1 - lossTolerance) }
    }

    /// A sentence for the log, or `nil` when all is well or not enough is known.
    ///
    /// - Parameters:
    ///   - losses: The losses of a round.
    ///   - separation: The mean similarity in the bank of features of the same partition less that of features of
    ///     different ones, such as `FeatureSet.separation`'s difference; `nil` where it is not known.
    public static func verdict(_ losses: [Loss], separation: Double?) -> String? {
        let stuck = losses.filter(\.isCollapsed).map(\.name)
        let isFlat = separation.map { $0 < leastSeparation }
        if !stuck.isEmpty && isFlat != false {
            return "the \(stuck.joined(separator: " and the ")) loss sits at ln(1 + negatives)"
                + (separation == nil ? "" : " and the bank does not tell partitions apart")
                + ": if this lasts, the features have collapsed; a lower learning rate or weaker views may help."
        }
        if stuck.isEmpty && !losses.isEmpty && isFlat == true {
            return "the loss falls but the bank does not tell partitions apart: if this lasts, queries find their keys "
                + "by something else than anatomy; running statistics for keys, or stronger views, may help."
        }
        return nil
    }
}
