import Contrastive
import Federation

/// Warnings about a pre-training that learns nothing, issued once they can be true.
///
/// Every training starts with losses at their constants and features that do not tell partitions apart, so the first rounds
/// say nothing: a warning needs five suspicious rounds in a row, the first of them after a quarter of the run. It is issued
/// once per streak.
public enum CollapseWatch {
    /// The number of suspicious rounds in a row before a warning.
    public static let streak = 5

    /// A sentence about the means of one round over all sites, or `nil` when all is well.
    public static func verdict(_ metrics: [Metric: Double]) -> String? {
        func loss(_ name: String, _ value: Metric, _ constant: Metric) -> Collapse.Loss? {
            guard let value = metrics[value], let constant = metrics[constant] else { return nil }
            return Collapse.Loss(name: name, value: value, constant: constant)
        }
        let losses = [
            loss("local", .localLoss, .localConstant), loss("remote", .remoteLoss, .remoteConstant),
        ].compactMap(\.self)
        if !losses.isEmpty { return Collapse.verdict(losses, separation: metrics[.separation]) }
        guard let loss = loss("", .loss, .lossConstant), loss.isCollapsed else { return nil }
        return
            "the loss sits at its value when nothing is learned: if this lasts, a lower learning rate or weaker views "
            + "may help."
    }

    /// The warning to issue after a round; `nil` if there is none, or if it was issued in an earlier round.
    ///
    /// - Parameters:
    ///   - verdicts: The verdicts of the rounds seen so far, the last of which is that of `round`.
    ///   - rounds: The number of rounds of the run.
    public static func warning(_ verdicts: [String?], after round: Int, of rounds: Int) -> String? {
        let suspicious = verdicts.reversed().prefix { $0 != nil }.count
        let first = max(rounds / 4 + 1, round - suspicious + 1)
        return round - first + 1 == streak ? verdicts[verdicts.count - 1] : nil
    }
}
