import Tensor

/// Bounds on the influence of one client, measured by what the other clients of the round do.
///
/// The distance of an update from the global model, for its weights and its statistics separately, may be ten times
/// the median distance of the round, and more by the square root of its samples over the median count, since it takes
/// more steps; its sample count may be sixteen times the median. A client beyond a bound is refused and named, and the
/// round continues without it. Bounds only refuse and never change an update, so a run in
/// which all clients stay within them has the same bits without them.
///
/// With two clients there is no majority to compare with, so distances are compared with those of the last rounds, or in
/// the first round with the length of the model itself. A single client is not bounded.
///
/// The bounds stop updates that are far too long, not those that point in a wrong direction: aggregators such as
/// ``GeometricMedian`` limit these. As every median, they hold as long as less than half of the clients lie.
public struct UpdateBounds: Sendable {
    /// The maximum distance of an update, in medians.
    public static let distanceFactor = 10.0
    /// The maximum sample count of an update, in medians.
    public static let countFactor = 16.0
    /// The number of rounds whose distances are remembered.
    static let memory = 10

    /// The typical distances of the last rounds, at most ``memory``.
    private var recent: [Distance] = []

    /// Creates bounds for the first round of a run.
    public init() {}

    /// Creates bounds for the round after the given ones.
    public init(after reports: [RoundReport]) {
        for report in reports.suffix(Self.memory) {
            remember(report.participants.compactMap(\.distance))
        }
    }

    /// How far a client moved the global model in a round.
    public struct Distance: Codable, Hashable, Sendable {
        /// The Euclidean norm of the change of the trainable weights.
        public let weights: Double
        /// The Euclidean norm of the change of the statistics.
        public let statistics: Double
    }

    /// Returns the reason to refuse each of the updates, or `nil` for those within the bounds, in the same order.
    func faults(in updates: [LocalUpdate], _ distances: [Distance], from model: Parameters) -> [Rejection.Fault?] {
        let length = model.distance(to: nil)
        let limits = limits(for: distances, length)
        let median = Self.median(of: updates.map { Double($0.sampleCount) }) ?? 0
        return zip(updates, distances).map { update, distance in
            if Double(update.sampleCount) > Self.countFactor * median {
                return .weight(found: update.sampleCount, limit: Int(Self.countFactor * median))
            }
            let steps = max(1, Double(update.sampleCount) / max(1, median)).squareRoot()
            if distance.weights > steps * limits.weights {
                return .distance(part: .trainable, found: distance.weights, limit: steps * limits.weights)
            }
            if distance.statistics > steps * limits.statistics {
                return .distance(part: .statistic, found: distance.statistics, limit: steps * limits.statistics)
            }
            return nil
        }
    }

    /// Returns whether the next global model stays within the distance that a single client may move it.
    func permits(_ next: Parameters, from model: Parameters, after distances: [Distance]) -> Bool {
        let moved = model.distance(to: next)
        let limits = limits(for: distances, model.distance(to: nil))
        let steps = Self.countFactor.squareRoot()
        return moved.weights <= steps * limits.weights && moved.statistics <= steps * limits.statistics
    }

    /// Remembers a completed round, by the distances of the clients that were averaged: their median or, of one or two,
    /// the larger, since one of two may hardly move.
    mutating func remember(_ distances: [Distance]) {
        guard !distances.isEmpty else { return }
        func typical(_ values: [Double]) -> Double { (values.count > 2 ? Self.median(of: values) : values.max()) ?? 0 }
        recent.append(
            Distance(weights: typical(distances.map(\.weights)), statistics: typical(distances.map(\.statistics))))
        recent.removeFirst(max(0, recent.count - Self.memory))
    }

    /// Returns the maximum distances in a round.
    ///
    /// Statistics are measured, not learned: those of a client with another scanner differ from the average in every
    /// round as much as in the first, and in the first round all leave their initial values. So their bound is never
    /// below their own length, and without a comparison a hundred times that.
    private func limits(for distances: [Distance], _ length: Distance) -> Distance {
        guard distances.count > 1 else { return Distance(weights: .infinity, statistics: .infinity) }
        func limit(_ part: KeyPath<Distance, Double>, first: Double) -> Double {
            let median = distances.count > 2 ? Self.median(of: distances.map { $0[keyPath: part] }) ?? 0 : 0
            let known = median > 0 ? median : recent.map { $0[keyPath: part] }.max() ?? 0
            if known > 0 { return Self.distanceFactor * known }
            return first > 0 ? first : .infinity
        }
        return Distance(
            weights: limit(\.weights, first: Self.distanceFactor * length.weights),
            statistics: max(limit(\.statistics, first: 100 * length.statistics), length.statistics))
    }

    /// Returns the median; of an even number, the lower of the two in the middle.
    private static func median(of values: [Double]) -> Double? {
        values.isEmpty ? nil : values.sorted()[(values.count - 1) / 2]
    }
}

extension Parameters {
    /// Returns the distance from this model to another, or to zero, summed in Double in the order of the weights.
    func distance(to other: Parameters?) -> UpdateBounds.Distance {
        precondition(other?.matches(self) ?? true, "distances exist between models with the same slots")
        func sum(_ range: Range<Int>) -> Double {
            vector.withSpan { here in
                guard let other else {
                    return range.reduce(0) { $0 + Double(here[$1]) * Double(here[$1]) }
                }
                return other.vector.withSpan { there in
                    range.reduce(0) { sum, index in
                        let difference = Double(there[index]) - Double(here[index])
                        return sum + difference * difference
                    }
                }
            }
        }
        return UpdateBounds.Distance(
            weights: sum(0..<trainableCount).squareRoot(), statistics: sum(trainableCount..<count).squareRoot())
    }
}
