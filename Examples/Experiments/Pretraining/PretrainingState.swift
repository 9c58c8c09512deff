import Contrastive
import Federation
import Foundation
import Tensor

/// What a run goes on from: the global model and every site's memory bank after a round. All else follows from the
/// settings and the number of the round.
package struct PretrainingState: Sendable {
    package let round: Int
    package let parameters: Parameters
    package let banks: [MemoryBank]

    /// The state in a checkpoint; `nil` without one. `capacities` are those of the sites' banks.
    package init?(_ checkpoint: Checkpoint?, capacities: [Int], model: PretrainingModel, settings: PretrainingSettings)
        throws
    {
        guard let checkpoint else { return nil }
        round = checkpoint.round
        var parameters = model.parameters
        let weights = try Safetensors(
            data: checkpoint.files["model.safetensors"] ?? Data(), source: "model.safetensors of round \(round)")
        _ = try parameters.load(weights)
        self.parameters = parameters
        let banks = try Safetensors(
            data: checkpoint.files["banks.safetensors"] ?? Data(), source: "banks.safetensors of round \(round)")
        self.banks = try capacities.enumerated().map { index, capacity in
            try MemoryBank(
                restoring: banks.part(under: "client\(index)."), capacity: capacity,
                dimension: settings.featureDimension)
        }
    }

    /// The files of a checkpoint.
    package static func files(parameters: Parameters, sites: [PretrainingSite]) async -> [String: Data] {
        var banks = Safetensors()
        for (index, site) in sites.enumerated() { banks.insert(await site.bank.state, under: "client\(index).") }
        return [
            "model.safetensors": parameters.safetensors().data, "banks.safetensors": banks.data,
        ]
    }
}
