import Contrastive
import Tensor
import UNet

/// FedReconstruction: half of a slice is covered, and a small decoder behind the encoder draws what was there.
///
/// A square is an eighth of the slice, as eight pixels are of 64.
///
/// Source: Pathak et al., CVPR 2016, and Xie et al., CVPR 2022; see ``ReconstructionTask``.
///
/// The server averages the encoder, the decoder, and the running statistics of batch norms.
struct FedReconstruction: PretrainingMethod {
    static let name = "fedReconstruction", title = "FedReconstruction"

    private let encoder: UNet.Encoder
    private let decoder: ReconstructionHead
    private let task: ReconstructionTask
    private let views: Augmentation

    init(_ settings: PretrainingSettings, behind encoder: UNet.Encoder, in builder: inout ParameterBuilder) {
        self.encoder = encoder
        decoder = ReconstructionHead(
            inputs: encoder.outputChannels, depth: encoder.configuration.depth, in: &builder)
        task = ReconstructionTask(patch: settings.size / 8)
        views = settings.views
    }

    func loss(of batch: SliceBatch, on tape: Tape, using generator: inout SeededGenerator) -> PretrainingLoss {
        let images = views(batch.images, using: &generator)
        let covered = task.cover(images, using: &generator)
        return PretrainingLoss(
            task(decoder(encoder(tape.constant(covered.images))), images: images, mask: covered.mask),
            constant: Self.variance(of: images, where: covered.mask))
    }

    /// The variance of the covered pixels, which is the error of the best single grey.
    private static func variance(of images: Tensor, where mask: Tensor) -> Double {
        var (count, sum, squares) = (0.0, 0.0, 0.0)
        images.withElements { images in
            mask.withElements { mask in
                for index in mask.indices where mask[index] > 0 {
                    count += 1
                    sum += Double(images[index])
                    squares += Double(images[index]) * Double(images[index])
                }
            }
        }
        return squares / count - sum / count * (sum / count)
    }
}
