import Contrastive
import Foundation
import Tensor
import UNet

/// FedSwAV: features are shared out among prototypes, and the share of one view is predicted from the other.
///
/// Codes of a batch are computed together with those of a queue of earlier features of the site, as long as a memory
/// bank of FCL; the paper has one for batches as small as these, too.
///
/// ε of the codes is 0.02, where the paper has 0.05: slices of hearts are much more alike than photographs, and with
/// codes as even as those of 0.05 the loss stayed at the logarithm of the number of prototypes (docs/pretraining.md).
///
/// Source: Caron et al., NeurIPS 2020; see ``SwAVLoss`` and ``Prototypes``.
///
/// The server averages the encoder, the projection head, the prototypes, and the running statistics of batch norms; the
/// averaged prototypes are made unit vectors again when a round begins. The queue stays at its site and is saved.
struct FedSwAV: PretrainingMethod {
    static let name = "fedSwAV", title = "FedSwAV"

    private let network: Projector
    private let prototypes: Prototypes
    private let settings: PretrainingSettings
    private var queue: MemoryBank
    /// The features of the batch, which enter the queue after the step.
    private var seen: [FeatureSet] = []

    init(_ settings: PretrainingSettings, behind encoder: UNet.Encoder, in builder: inout ParameterBuilder) {
        self.settings = settings
        network = Projector(settings, behind: encoder, in: &builder)
        prototypes = Prototypes(count: settings.prototypes, dimension: settings.featureDimension, in: &builder)
        queue = MemoryBank(capacity: 1, dimension: settings.featureDimension)
    }

    mutating func settle(at slices: SliceLibrary) {
        queue = MemoryBank(capacity: settings.bank ?? slices.count, dimension: settings.featureDimension)
    }

    mutating func beginRound(_ main: inout Parameters, others: [FeatureSet]) {
        prototypes.normalize(&main)
    }

    mutating func loss(
        of batch: SliceBatch, on tape: Tape, using generator: inout SeededGenerator
    ) -> PretrainingLoss {
        let (a, b) = batch.views(settings.views, using: &generator)
        let (first, second) = (network(tape.constant(a)), network(tape.constant(b)))
        seen = [first, second].map {
            FeatureSet(features: $0.value.l2Normalized(), partitions: batch.partitions)
        }
        return PretrainingLoss(
            SwAVLoss(temperature: settings.tau, epsilon: 0.02)(
                first, second, prototypes: prototypes, queue: queue.count > 0 ? queue.contents : nil),
            constant: log(Double(settings.prototypes)))
    }

    mutating func follow(_ main: inout Parameters) {
        prototypes.normalize(&main)
        for features in seen { queue.push(features) }
    }

    mutating func endRound() -> [String: Double] {
        seen = []
        return [:]
    }

    var features: FeatureSet? { queue.contents }
    var state: Safetensors { queue.state }
    mutating func restore(_ state: Safetensors) throws(WeightsError) {
        queue = try MemoryBank(restoring: state, capacity: queue.capacity, dimension: queue.dimension)
    }
}
