import Contrastive

/// The numbers that a site reports of its round, and that the server averages, by their names in `rounds.jsonl`.
enum RoundMetrics {
    /// What there is to say of FCL: its two losses, and the separation in the bank.
    static func values(
        _ statistics: FCLLoss.Statistics, _ separation: FeatureSet.Separation?
    ) -> [String: Double] {
        var values = ["localLoss": statistics.local.mean, "localConstant": statistics.local.constant]
        values["loss"] = statistics.local.mean
        if statistics.remote.queries > 0 {
            values["remoteLoss"] = statistics.remote.mean
            values["remoteConstant"] = statistics.remote.constant
            values["loss"] = statistics.local.mean + statistics.remote.mean
        }
        if let separation {
            values["positiveSimilarity"] = separation.positives
            values["negativeSimilarity"] = separation.negatives
            values["separation"] = separation.difference
        }
        return values
    }

    /// A sentence of warning about the means over all sites, or `nil`.
    static func verdict(_ values: [String: Double]) -> String? {
        guard let local = values["localLoss"], let constant = values["localConstant"] else {
            return verdict(loss: values["loss"], constant: values["constant"])
        }
        var losses = [Collapse.Loss(name: "local", value: local, constant: constant)]
        if let remote = values["remoteLoss"], let constant = values["remoteConstant"] {
            losses.append(Collapse.Loss(name: "remote", value: remote, constant: constant))
        }
        return Collapse.verdict(losses, separation: values["separation"])
    }

    /// The same of a method with one loss.
    private static func verdict(loss: Double?, constant: Double?) -> String? {
        guard let loss, let constant, Collapse.Loss(name: "", value: loss, constant: constant).isCollapsed else {
            return nil
        }
        return "the loss sits where it is when nothing is learnt: if this lasts, a lower learning rate or weaker views "
            + "may help."
    }
}
