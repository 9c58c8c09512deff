#if Flower
import Federation
import Tensor

extension RecordDict {
    /// A trained model, with the numbers that belong to it.
    package init(_ update: LocalUpdate) {
        var metrics = MetricRecord([(RecordName.exampleCount, .signed(Int64(update.sampleCount)))])
        metrics[RecordName.round] = .signed(Int64(update.round))
        for (name, value) in update.metrics.sorted(by: { $0.key < $1.key }) { metrics[name] = .double(value) }
        self.init([
            (RecordName.arrays, .arrays(ArrayRecord(update.parameters))), (RecordName.metrics, .metrics(metrics)),
        ])
    }

    /// The trained model in a reply to `train`.
    ///
    /// - Parameters:
    ///   - client: who was asked.
    ///   - round: what it was asked for; a reply that says nothing of rounds, as those of stock apps, answers that.
    /// - Throws: `Rejection` if the weights are not those of `reference`, or there is no sample count.
    package func update(
        from client: String, round: Int, like reference: Parameters
    ) throws(Rejection) -> LocalUpdate {
        let parameters = try (arrays(RecordName.arrays) ?? ArrayRecord([])).parameters(like: reference, client: client)
        let metrics = self.metrics(RecordName.metrics) ?? MetricRecord([])
        let count = metrics.double(RecordName.exampleCount).flatMap { Int(exactly: $0) } ?? 0
        let claimed = metrics.double(RecordName.round).flatMap { Int(exactly: $0) } ?? round
        var numbers: [String: Double] = [:]
        for name in metrics.names where name != RecordName.exampleCount && name != RecordName.round {
            numbers[name] = metrics.double(name)
        }
        return LocalUpdate(
            parameters: parameters, sampleCount: count, round: claimed, client: client, metrics: numbers)
    }
}
#endif
