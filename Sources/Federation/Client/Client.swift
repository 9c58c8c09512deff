import Tensor

/// One site of a federation: it holds volumes, and answers the server with features and weights.
///
/// A round asks a client twice. First, if the federation exchanges features, for the memory bank under the new global
/// model; then, once the shares of all clients were checked, for a model trained on its own data. A client that fails
/// throws: it is named in the report and the round goes on without it.
///
/// What a client returns is either a ``FeatureShare`` or a ``LocalUpdate``. Neither can hold a volume, so none can leave
/// by mistake.
///
/// Clients keep state between rounds (a bank, an optimizer), so most are actors. Long loops call
/// `try Task.checkCancellation()` at every step, or a cancelled run waits for them. Random choices come from a generator
/// of the round and the client, so that they do not depend on what else ran:
///
/// ```swift
/// var generator = SeededGenerator(seed: seed, path: round, index)
/// ```
public protocol Client: Sendable {
    /// The pseudonym under which the server knows the client, unique in a federation.
    var id: String { get }

    /// Refills the memory bank with the global encoder and returns it, or `nil` to stay out of the exchange.
    ///
    /// A client that returns `nil` receives no features either. The default returns `nil`.
    func shareFeatures(of parameters: Parameters, round: Int) async throws -> FeatureShare?

    /// Trains the global model on the data of this client.
    ///
    /// - Parameters:
    ///   - parameters: the global model, where every client begins.
    ///   - round: the number of the round; the first is 1.
    ///   - features: the shares of the *other* clients, in client order.
    func train(from parameters: Parameters, round: Int, features: [FeatureShare]) async throws -> LocalUpdate
}

extension Client {
    /// Shares nothing.
    public func shareFeatures(of parameters: Parameters, round: Int) async throws -> FeatureShare? { nil }
}
