import Federation
import Foundation
import Tensor

extension Checkpoint {
    /// The global model, which has the weights of `reference`.
    package func model(like reference: Parameters) throws -> Parameters {
        var parameters = reference
        _ = try parameters.load(weights("model.safetensors"))
        return parameters
    }

    /// One of the files, with the round in its name for messages.
    package func weights(_ name: String) throws -> Safetensors {
        try Safetensors(data: files[name] ?? Data(), source: "\(name) of round \(round)")
    }
}
