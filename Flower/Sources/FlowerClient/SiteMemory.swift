import FederatedContrastive
import Federation
import Foundation
import Tensor

/// The states of a site after each of the last rounds of a run, on its own disk.
struct SiteMemory: Sendable {
    private let folder: URL
    /// The number of rounds kept: those of the server's checkpoints, and one for a round that may have to be repeated.
    private static let kept = 3

    init(folder: URL) throws(RunError) {
        self.folder = folder
        do { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) } catch {
            throw .cannotCreate("\(folder.path) cannot be created: \(error.localizedDescription)")
        }
    }

    /// The last round in which the site has trained; 0 before the first.
    var lastRound: Int { rounds.last ?? 0 }

    /// Returns the state after the last round before `round`; `nil` if there is none.
    func state(before round: Int) throws -> (round: Int, state: Safetensors)? {
        guard let last = rounds.last(where: { $0 < round }) else { return nil }
        return (last, try Safetensors(contentsOf: file(last)))
    }

    /// Saves the state after a round, and deletes outdated and later states.
    func keep(_ state: Safetensors, after round: Int) throws {
        try state.write(to: file(round))
        for other in rounds where other > round || other <= round - Self.kept {
            try? FileManager.default.removeItem(at: file(other))
        }
    }

    private var rounds: [Int] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.compactMap { name in
            guard name.hasPrefix("round-"), name.hasSuffix(".safetensors") else { return nil }
            return Int(name.dropFirst(6).dropLast(12))
        }.sorted()
    }

    private func file(_ round: Int) -> URL { folder.appendingPathComponent("round-\(round).safetensors") }
}

/// A client that saves its state to disk before it returns its update.
struct RememberingClient: Client {
    let client: any Client
    let memory: SiteMemory
    let state: @Sendable () async -> Safetensors

    init(client: any Client, memory: SiteMemory, state: @escaping @Sendable () async -> Safetensors) {
        (self.client, self.memory, self.state) = (client, memory, state)
    }

    var id: String { client.id }

    func shareFeatures(of parameters: Parameters, round: Int) async throws -> FeatureShare? {
        try await client.shareFeatures(of: parameters, round: round)
    }

    func train(from parameters: Parameters, round: Int, features: [FeatureShare]) async throws -> LocalUpdate {
        let update = try await client.train(from: parameters, round: round, features: features)
        try memory.keep(await state(), after: round)
        return update
    }
}
