import Tensor

/// Bounds on the influence of one client, measured by what the other clients of the round do.
///
/// The weights of an update may be ten times as far from the global model as the median of the round, and farther by the
/// square root of its samples over the median count, since it takes more steps; its sample count may be sixteen times
/// the median. Statistics, such as the variances of a batch norm, are measured and not learned, and those of honest
/// clients differ by orders of magnitude between channels: the root mean square of each slot may be a hundred times the
/// median of the clients, or a hundredth where it cannot be negative. A client beyond a bound is refused and named, and
/// the round continues without it. Bounds only refuse and never change an update, so a run in
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
    /// The maximum magnitude of a slot of statistics, in medians.
    public static let statisticsFactor = 100.0
    /// The number of rounds whose distances are remembered.
    static let memory = 10

    /// The typical distances of the last rounds, at most ``memory``.
    private var recent: [Double] = []

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
        let limit = limit(for: distances, length: model.distance(to: nil).weights)
        let statistics = strangeStatistics(in: updates, from: model)
        let median = Self.median(of: updates.map { Double($0.sampleCount) }) ?? 0
        return updates.indices.map { index in
            let (update, distance) = (updates[index], distances[index].weights)
            if Double(update.sampleCount) > Self.countFactor * median {
                return .weight(found: update.sampleCount, limit: Int(Self.countFactor * median))
            }
            let steps = max(1, Double(update.sampleCount) / max(1, median)).squareRoot()
            if distance > steps * limit { return .distance(found: distance, limit: steps * limit) }
            return statistics[index]
        }
    }

    /// Returns the first slot of statistics of each update whose magnitude is far from that of the others; of two updates,
    /// far from the global model's after the first round.
    private func strangeStatistics(in updates: [LocalUpdate], from model: Parameters) -> [Rejection.Fault?] {
        var faults = [Rejection.Fault?](repeating: nil, count: updates.count)
        guard updates.count > 2 || (updates.count == 2 && !recent.isEmpty) else { return faults }
        for slot in model.slots where slot.role == .statistic {
            let magnitudes = updates.map { $0.parameters[slot].rootMeanSquare }
            let typical = updates.count > 2 ? Self.median(of: magnitudes) ?? 0 : model[slot].rootMeanSquare
            guard typical > 0 else { continue }
            for (index, magnitude) in magnitudes.enumerated() where faults[index] == nil {
                let ratio = magnitude / typical
                if ratio > Self.statisticsFactor || (slot.isNonNegative && ratio < 1 / Self.statisticsFactor) {
                    faults[index] = .statistics(slot: slot.name, ratio: ratio)
                }
            }
        }
        return faults
    }

    /// Returns whether the next global model stays within the distance that a single client may move it.
    func permits(_ next: Parameters, from model: Parameters, after distances: [Distance]) -> Bool {
        let limit = limit(for: distances, length: model.distance(to: nil).weights)
        return model.distance(to: next).weights <= Self.countFactor.squareRoot() * limit
    }

    /// Remembers a completed round, by the distances of the clients that were averaged: their median or, of one or two,
    /// the larger, since one of two may hardly move.
    mutating func remember(_ distances: [Distance]) {
        let weights = distances.map(\.weights)
        guard let typical = weights.count > 2 ? Self.median(of: weights) : weights.max() else { return }
        recent.append(typical)
        recent.removeFirst(max(0, recent.count - Self.memory))
    }

    /// Returns the maximum distance of weights in a round.
    private func limit(for distances: [Distance], length: Double) -> Double {
        guard distances.count > 1 else { return .infinity }
        let median = distances.count > 2 ? Self.median(of: distances.map(\.weights)) ?? 0 : 0
        let known = median > 0 ? median : recent.max() ?? 0
        if known > 0 { return Self.distanceFactor * known }
        return length > 0 ? Self.distanceFactor * length : .infinity
    }

    /// Returns the median; of an even number, the lower of the two in the middle.
    private static func median(of values: [Double]) -> Double? {
        values.isEmpty ? nil : values.sorted()[(values.count - 1) / 2]
    }
}

extension Tensor {
    /// The square root of the mean square of all elements, in Double.
    fileprivate var rootMeanSquare: Double {
        withSpan { values in
            let sum = values.indices.reduce(0.0) { $0 + Double(values[$1]) * Double(values[$1]) }
            return (sum / Double(max(1, values.count))).squareRoot()
        }
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
