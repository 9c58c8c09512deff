import Contrastive
import Federation

/// Warnings about pre-training that learns nothing, issued only when they are meaningful.
///
/// Every training starts with losses at their constants and features that do not distinguish partitions, so the first
/// rounds are inconclusive: a warning requires five suspicious rounds in a row, the first of them after a quarter of
/// the run. It is issued once per streak.
public enum CollapseWatch {
    /// The number of suspicious rounds in a row before a warning.
    public static let streak = 5

    /// Returns a sentence about the means of one round over all sites, or `nil` if all is well.
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

    /// Returns the warning to issue after a round; `nil` if there is none or it was issued in an earlier round.
    ///
    /// - Parameters:
    ///   - verdicts: The verdicts of the rounds so far, ending with that of `round`.
    ///   - round: The number of the last round.
    ///   - rounds: The number of rounds of the run.
    public static func warning(_ verdicts: [String?], after round: Int, of rounds: Int) -> String? {
        let suspicious = verdicts.reversed().prefix { $0 != nil }.count
        let first = max(rounds / 4 + 1, round - suspicious + 1)
        return round - first + 1 == streak ? verdicts[verdicts.count - 1] : nil
    }
}
