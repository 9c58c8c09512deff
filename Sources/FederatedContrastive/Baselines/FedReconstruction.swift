import Contrastive
import Features
import Federation
import Tensor
import UNet

/// FedReconstruction, in which half of a slice is masked, and a small decoder on top of the encoder inpaints it.
///
/// A patch is an eighth of the slice, such as 8 of 64 pixels.
///
/// Source: Pathak et al., CVPR 2016, and Xie et al., CVPR 2022; see `ReconstructionTask`.
///
/// The server averages the encoder, the decoder, and the running statistics of batch norms.
struct FedReconstruction: PretrainingMethod {
    static let name = "fedReconstruction"
    static let title = "FedReconstruction"

    private let encoder: UNet.Encoder
    private let decoder: ReconstructionHead
    private let task: ReconstructionTask
    private let views: Augmentation

    init(_ settings: PretrainingSettings, encoder: UNet.Encoder, in builder: inout ParameterBuilder) {
        self.encoder = encoder
        decoder = builder.group(.head) {
            ReconstructionHead(inputs: encoder.outputChannels, depth: encoder.configuration.depth, in: &$0)
        }
        task = ReconstructionTask(patch: settings.size / 8)
        views = settings.views
    }

    func train(
        from global: Parameters, at site: inout Site, round: Int, others: [FeatureSet]
    ) throws -> LocalUpdate {
        var training = LocalTraining(from: global, at: site, round: round)
        while let batch = try training.nextBatch() {
            let images = views(batch.images, using: &training.generator)
            let masked = task.mask(images, using: &training.generator)
            try training.step(constant: Self.variance(of: images, where: masked.mask)) { tape in
                task(decoder(encoder(tape.constant(masked.images))), images: images, mask: masked.mask)
            }
        }
        return training.update(at: &site)
    }

    /// Returns the variance of the masked pixels, which is the error of the best constant prediction.
    private static func variance(of images: Tensor, where mask: Tensor) -> Double {
        var (count, sum, squares) = (0.0, 0.0, 0.0)
        for (pixel, isMasked) in zip(images.elements, mask.elements) where isMasked > 0 {
            count += 1
            sum += Double(pixel)
            squares += Double(pixel) * Double(pixel)
        }
        return squares / count - sum / count * (sum / count)
    }
}
