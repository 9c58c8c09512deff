import Contrastive
import Tensor
import UNet

/// What contrastive pre-training trains: a U-Net's encoder with a projection head behind it.
struct ContrastiveModel {
    private let encoder: UNet.Encoder
    private let head: ProjectionHead
    /// The first values of all weights.
    let parameters: Parameters

    init(width: Int, dimension: Int) {
        var builder = ParameterBuilder(generator: SeededGenerator(seed: 1))
        encoder = UNet.Encoder(UNet.Configuration(width: width), in: &builder)
        head = ProjectionHead(inputs: encoder.outputChannels, outputs: dimension, in: &builder)
        parameters = builder.parameters()
    }

    func callAsFunction(_ x: Variable) -> Variable { head(encoder(x)) }
}

extension FeatureSet {
    /// Random features of unit length, of four partitions in turn.
    init(randomCount count: Int, dimension: Int, seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let values = Tensor((0..<count * dimension).map { _ in generator.normal() }, shape: [count, dimension])
        self.init(features: values.l2Normalized(), partitions: (0..<count).map { UInt8($0 % 4) })
    }
}
