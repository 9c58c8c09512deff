import Federation
import Foundation
import Tensor

/// What a run goes on from: the global model and what every site keeps after a round. All else follows from the
/// settings and the number of the round.
package struct PretrainingState: Sendable {
    /// The rounds behind the model.
    package let round: Int
    /// The global model.
    package let parameters: Parameters
    /// What each site keeps.
    package let sites: [Safetensors]

    /// The state in a checkpoint; `nil` without one.
    package init?(_ checkpoint: Checkpoint?, model: PretrainingModel, settings: PretrainingSettings) throws {
        guard let checkpoint else { return nil }
        round = checkpoint.round
        parameters = try checkpoint.model(like: model.parameters)
        // Runs of earlier versions have the same tensors in a file of another name.
        let name = checkpoint.files["sites.safetensors"] == nil ? "banks.safetensors" : "sites.safetensors"
        let all = try checkpoint.weights(name)
        sites = (0..<settings.siteCount).map { all.part(under: "client\($0).") }
    }

    /// The files of a checkpoint.
    package static func files(parameters: Parameters, sites: [PretrainingSite]) async -> [String: Data] {
        var all = Safetensors()
        for (index, site) in sites.enumerated() { all.insert(await site.state, under: "client\(index).") }
        return ["model.safetensors": parameters.safetensors().data, "sites.safetensors": all.data]
    }
}
