import Tensor

/// A client that lies about what it learned, for experiments on robustness: it trains honestly, and multiplies the change
/// of the weights by a factor before it sends them.
///
/// With the factor −1, it reverses its step, which no bound on lengths can see; with −5, two of ten such clients undo
/// what the others learn.
public struct LyingClient: Client {
    private let client: any Client
    private let factor: Float

    /// Makes a client lie.
    public init(_ client: any Client, factor: Float) { (self.client, self.factor) = (client, factor) }

    /// The name of the client.
    public var id: String { client.id }

    /// Returns the client's own features.
    public func shareFeatures(of parameters: Parameters, round: Int) async throws -> FeatureShare? {
        try await client.shareFeatures(of: parameters, round: round)
    }

    /// Returns the client's update with another change of the trainable weights.
    public func train(from parameters: Parameters, round: Int, features: [FeatureShare]) async throws -> LocalUpdate {
        let update = try await client.train(from: parameters, round: round, features: features)
        var told = update.parameters
        told.vector.withMutableSpan { told in
            parameters.vector.withSpan { start in
                for index in 0..<parameters.trainableCount {
                    told[index] = start[index] + factor * (told[index] - start[index])
                }
            }
        }
        return LocalUpdate(
            parameters: told, sampleCount: update.sampleCount, round: update.round, client: update.client,
            metrics: update.metrics)
    }
}
