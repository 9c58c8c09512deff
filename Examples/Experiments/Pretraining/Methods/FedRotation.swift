import Contrastive
import Foundation
import Tensor
import UNet

/// FedRotation: the encoder learns to tell by how many quarter turns a slice was rotated.
///
/// Views are neither rotated nor mirrored before, which would change the answer or betray it. A batch is computed as
/// four copies, so that a step costs four times that of one view.
///
/// Source: Gidaris et al., ICLR 2018; see ``RotationTask``.
///
/// The server averages the encoder, the linear layer that answers, and the running statistics of batch norms.
struct FedRotation: PretrainingMethod {
    static let name = "fedRotation", title = "FedRotation"

    private let encoder: UNet.Encoder
    private let task: RotationTask
    let views: Augmentation

    init(_ settings: PretrainingSettings, behind encoder: UNet.Encoder, in builder: inout ParameterBuilder) {
        self.encoder = encoder
        task = RotationTask(inputs: encoder.outputChannels, in: &builder)
        var views = settings.views
        views.rotation = 0
        views.mirrors = false
        self.views = views
    }

    func loss(of batch: SliceBatch, on tape: Tape, using generator: inout SeededGenerator) -> PretrainingLoss {
        let copies = RotationTask.copies(of: views(batch.images, using: &generator))
        return PretrainingLoss(task(encoder(tape.constant(copies))), constant: log(4))
    }
}
