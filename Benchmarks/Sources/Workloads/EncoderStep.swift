import Contrastive
import FederatedContrastive
import Features
import Tensor

/// The contrastive training step of an encoder: the forward pass of encoder and projection head, the loss of federated
/// contrastive learning against a bank of features, the backward pass, and one Adam update.
///
/// Keys and bank are given; views, the momentum encoder, and the exchange belong to `FederatedRound`.
package struct EncoderStep: Workload {
    private let network: Projector
    private var parameters: Parameters
    private var optimizer = Adam(learningRate: 1e-3, weightDecay: 1e-4)
    private let loss = FCLLoss()
    private let images: Tensor
    private let keys: FeatureSet
    private let bank: FeatureSet

    package let operations: Int

    /// Creates a step against `bank` features of length `dimension`.
    package init(_ extents: Extents, bank: Int = 4096, dimension: Int = 128) {
        let model = ContrastiveModel(width: extents.width, dimension: dimension)
        (network, parameters) = (model.network, model.parameters)
        images = extents.images(seed: 2)
        keys = FeatureSet(randomCount: extents.batch, dimension: dimension, seed: 3)
        self.bank = FeatureSet(randomCount: bank, dimension: dimension, seed: 4)
        operations = ConvolutionGeometry.encoder(extents).trainingOperations
    }

    package mutating func run() {
        let (network, loss, images, keys, bank) = (network, loss, images, keys, bank)
        let (_, gradient) = valueAndGradient(at: &parameters) { tape in
            loss(network(tape.constant(images)), partitions: keys.partitions, keys: keys, bank: bank).loss
        }
        optimizer.update(&parameters, along: gradient)
    }
}
