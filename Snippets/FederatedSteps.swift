import Contrastive
import FederatedContrastive
import Federation
import Phantoms
import Tensor
import Volumes

// Two hospitals with a synthetic patient each.
var settings = PretrainingSettings()
(settings.clients, settings.rounds, settings.width) = (2, 2, 2)
(settings.size, settings.spacing, settings.featureDimension) = (32, 6, 16)
let preprocessing = Preprocessing(spacing: settings.spacing, size: settings.size)
let libraries = (1...2).map { number in
    SliceLibrary(
        Phantom(seed: 1).patient(number).frames.map { preprocessing($0.image) }, partitions: settings.partitions)
}

// One encoder with a projection head, and a site for each hospital; FCL's step is FCL.train(from:at:round:others:).
let model = PretrainingModel(settings)
let sites = try libraries.enumerated().map { index, slices in
    try PretrainingSite(Site(index: index, slices: slices, settings: settings), model: model)
}

// Rounds: banks are exchanged, every site trains, the models are averaged.
let federation = Federation(
    clients: sites, parameters: model.parameters, quorum: 2,
    exchange: settings.exchange(ofAtMost: sites.map(\.maximumSharedFeatures).max() ?? 0))

func train(_ federation: Federation, rounds: Int) async throws -> Parameters {
    var federation = federation
    for _ in 1...rounds {
        let report = try await federation.runRound()
        print("round \(report.round): \(report.participants.map(\.features)) features, \(report.bytesUp) bytes sent")
    }
    return federation.parameters
}

_ = try await train(federation, rounds: settings.rounds)
