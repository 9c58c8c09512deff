import Contrastive
import FederatedContrastive
import Features
import Tensor
import UNet

/// The network of contrastive pre-training and its initial weights: an encoder with a projection head.
struct ContrastiveModel {
    let network: Projector
    let parameters: Parameters

    init(width: Int, dimension: Int) {
        var settings = PretrainingSettings()
        (settings.width, settings.featureDimension) = (width, dimension)
        var builder = ParameterBuilder(generator: SeededGenerator(seed: 1))
        let encoder = UNet.Encoder(UNet.Configuration(width: width), in: &builder)
        network = Projector(settings, encoder: encoder, in: &builder)
        parameters = builder.parameters()
    }
}

extension FeatureSet {
    /// Creates random features of unit length whose partitions cycle through four.
    package init(randomCount count: Int, dimension: Int, seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let values = Tensor((0..<count * dimension).map { _ in generator.normal() }, shape: [count, dimension])
        do {
            try self.init(normalizing: values, partitions: (0..<count).map { UInt8($0 % 4) })
        } catch {
            preconditionFailure("random numbers are finite and not all zero: \(error)")
        }
    }
}
