import Contrastive
import Features
import Federation
import Tensor
import UNet

/// FedRotation, in which the encoder learns to predict the number of quarter turns by which a slice was rotated.
///
/// Views are neither rotated nor mirrored beforehand, which would change or reveal the answer. A batch is processed
/// as four copies, so a step costs four times that of one view.
///
/// Source: Gidaris et al., ICLR 2018; see `RotationTask`.
///
/// The server averages the encoder, the linear classifier, and the running statistics of batch norms.
struct FedRotation: PretrainingMethod {
    static let name = "fedRotation"
    static let title = "FedRotation"

    private let encoder: UNet.Encoder
    private let task: RotationTask
    let views: Augmentation

    init(_ settings: PretrainingSettings, encoder: UNet.Encoder, in builder: inout ParameterBuilder) {
        self.encoder = encoder
        task = builder.group(.head) { RotationTask(inputs: encoder.outputChannels, in: &$0) }
        var views = settings.views
        views.rotation = 0
        views.mirrors = false
        self.views = views
    }

    func train(
        from global: Parameters, at site: inout Site, round: Int, others: [FeatureSet]
    ) throws -> LocalUpdate {
        var training = LocalTraining(from: global, at: site, round: round)
        while let batch = try training.nextBatch() {
            let copies = RotationTask.copies(of: views(batch.images, using: &training.generator))
            try training.step(constant: RotationTask.constant) { tape in task(encoder(tape.constant(copies))) }
        }
        return training.update(at: &site)
    }
}
