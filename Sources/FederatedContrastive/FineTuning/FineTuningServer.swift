import Federation
import Foundation
import Segmentation
import Tensor

/// The server of federated fine-tuning: it averages the clients' weights every round, and the global weights over the
/// last half of the rounds.
///
/// A single client amounts to ordinary training.
public struct FineTuningServer: Sendable {
    private var federation: Federation
    private var average: WeightAverage
    private let start: SegmentationModel
    private let plan: FineTuningPlan

    /// Creates a server before its first round, or after the last one of a checkpoint.
    ///
    /// - Parameters:
    ///   - clients: The clients, in client order.
    ///   - model: The initial model.
    ///   - plan: The training plan.
    ///   - quorum: The minimum number of clients in a round; by default, all of them.
    ///   - concurrency: The maximum number of clients that work concurrently.
    ///   - checkpoint: The checkpoint from which to continue.
    /// - Throws: `WeightsError` if the checkpoint is not one of such a training.
    public init(
        clients: [any Client], model: SegmentationModel, plan: FineTuningPlan, quorum: Int? = nil,
        concurrency: Int = 1, checkpoint: Checkpoint? = nil
    ) throws(WeightsError) {
        (start, self.plan) = (model, plan)
        average = WeightAverage(plan, after: 0.5)
        federation = Federation(
            clients: clients, parameters: model.parameters, quorum: quorum ?? clients.count, concurrency: concurrency,
            aggregator: plan.aggregation.aggregator())
        if let checkpoint {
            try federation.restore(checkpoint)
            try average.restore(checkpoint.weights(Self.averageFile), like: federation.parameters)
        }
    }

    /// The number of completed rounds.
    public var round: Int { federation.round }

    /// The model after these rounds, whose weights are the average, if it has begun.
    public var model: SegmentationModel {
        var model = start
        model.parameters = average.value ?? federation.parameters
        return model
    }

    /// Runs all remaining rounds in memory.
    ///
    /// - Throws: `FederationError.quorumLost` if training fails at too many clients; `CancellationError`.
    public mutating func run() async throws {
        while federation.round < plan.roundCount {
            try Task.checkCancellation()
            _ = try await federation.runRound()
            average.add(federation.parameters, round: federation.round)
        }
    }

    /// Runs all remaining rounds, recording and saving each as `Federation.run` does.
    ///
    /// - Parameters:
    ///   - store: The run on disk, which is at the same round.
    ///   - interval: The minimum time between two checkpoints; the last round always has one.
    ///   - state: Returns the state of the clients, as files to save with the weights.
    ///   - review: A closure called with the model after a round, before it is on disk.
    ///   - finished: A closure called after a round is on disk.
    /// - Throws: Any error of a round or the store; `CancellationError` between two rounds.
    public mutating func run(
        store: inout RunStore, savingEvery interval: Duration = .zero,
        state: () async throws -> [String: Data] = { [:] },
        review: (_ round: Int, SegmentationModel) async throws -> Void = { _, _ in },
        finished: (RoundReport) -> Void = { _ in }
    ) async throws {
        // A copy, since both closures use it while the federation changes.
        var average = average
        defer { self.average = average }
        try await federation.run(
            rounds: plan.roundCount, store: &store, savingEvery: interval,
            state: { try await state().merging([Self.averageFile: average.state.data]) { $1 } },
            review: { [start] report, parameters in
                average.add(parameters, round: report.round)
                var model = start
                model.parameters = average.value ?? parameters
                try await review(report.round, model)
            },
            finished: finished)
    }

    private static let averageFile = "average.safetensors"
}
