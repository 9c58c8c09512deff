import FederatedContrastive
import Federation
import Foundation
import Tensor

/// A client that saves its state to disk before it returns its update.
struct RememberingClient: Client {
    let client: any Client
    let memory: SiteStates
    let state: @Sendable () async -> Safetensors

    init(client: any Client, memory: SiteStates, state: @escaping @Sendable () async -> Safetensors) {
        (self.client, self.memory, self.state) = (client, memory, state)
    }

    var id: String { client.id }

    func shareFeatures(of parameters: Parameters, round: Int) async throws -> FeatureShare? {
        try await client.shareFeatures(of: parameters, round: round)
    }

    func train(from parameters: Parameters, round: Int, features: [FeatureShare]) async throws -> LocalUpdate {
        let update = try await client.train(from: parameters, round: round, features: features)
        try memory.keep(await state().data, after: round)
        return update
    }
}
