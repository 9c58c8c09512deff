import Contrastive

/// The numbers that a site reports of its round, and that the server averages, by their names in `rounds.jsonl`.
struct RoundMetrics {
    let values: [String: Double]

    init(_ statistics: FCLLoss.Statistics, _ separation: FeatureSet.Separation?, learningRate: Float) {
        var values = [
            "localLoss": statistics.local.mean, "localConstant": statistics.local.constant,
            "learningRate": Double(learningRate),
        ]
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
        self.values = values
    }

    /// A sentence of warning about the means over all sites, or `nil`.
    static func verdict(_ values: [String: Double]) -> String? {
        guard let local = values["localLoss"], let constant = values["localConstant"] else { return nil }
        var losses = [Collapse.Loss(name: "local", value: local, constant: constant)]
        if let remote = values["remoteLoss"], let constant = values["remoteConstant"] {
            losses.append(Collapse.Loss(name: "remote", value: remote, constant: constant))
        }
        return Collapse.verdict(losses, separation: values["separation"])
    }
}
