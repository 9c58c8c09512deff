import Tensor

/// What a client sends after training: its model, and on how much data it was trained.
public struct LocalUpdate: Sendable, Equatable {
    /// The model after local training, weights and statistics.
    public let parameters: Parameters
    /// The number of samples it was trained on: n_c, its weight in the average.
    public let sampleCount: Int
    /// The round it belongs to.
    public let round: Int
    /// The client that sends it.
    public let client: String
    /// Numbers for the report, such as `loss`. One that is not finite is undefined, and left out of the report.
    public let metrics: [String: Double]

    /// An update of one client in one round.
    public init(
        parameters: Parameters, sampleCount: Int, round: Int, client: String, metrics: [String: Double] = [:]
    ) {
        self.parameters = parameters
        self.sampleCount = sampleCount
        self.round = round
        self.client = client
        self.metrics = metrics
    }
}
