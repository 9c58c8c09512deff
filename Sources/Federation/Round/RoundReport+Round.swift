extension RoundReport {
    /// The report of a round that succeeded. `shared` counts the features that each client sent.
    init(round: Int, roll: Roll, updates: [LocalUpdate], shared: [Int], seconds: Seconds) {
        let participants = zip(roll.present, updates).map { index, update in
            Participant(
                client: update.client, sampleCount: update.sampleCount, features: shared[index],
                bytesUp: roll.bytesUp[index], bytesDown: roll.bytesDown[index], seconds: roll.seconds[index],
                metrics: update.metrics.filter { $0.value.isFinite })
        }
        self.init(
            round: round, participants: participants, absent: roll.absent, bytesUp: roll.bytesUp.reduce(0, +),
            bytesDown: roll.bytesDown.reduce(0, +), seconds: seconds, metrics: Self.means(of: participants))
    }

    /// The means of all metrics over the clients that gave them, weighted by sample count.
    private static func means(of participants: [Participant]) -> [String: Double] {
        var sums: [String: (value: Double, samples: Double)] = [:]
        for participant in participants {
            // As a running mean, which stays finite where a sum might not.
            for (name, value) in participant.metrics {
                let samples = Double(participant.sampleCount)
                let old = sums[name] ?? (0, 0)
                let total = old.samples + samples
                sums[name] = (old.value + (value - old.value) * (samples / total), total)
            }
        }
        return sums.compactMapValues { $0.value.isFinite ? $0.value : nil }
    }
}
