import Contrastive
import Tensor
import UNet

/// An encoder with a projection head behind it: what contrastive methods compare.
struct Projector: Layer {
    private let encoder: UNet.Encoder
    private let head: ProjectionHead
    private let settings: PretrainingSettings

    /// Registers the head's slots, `head.0` and `head.2`.
    init(_ settings: PretrainingSettings, behind encoder: UNet.Encoder, in builder: inout ParameterBuilder) {
        (self.encoder, self.settings) = (encoder, settings)
        head = ProjectionHead(inputs: encoder.outputChannels, outputs: settings.featureDimension, in: &builder)
    }

    /// Projections before normalisation: `[batch, height, width, 1]` → `[batch, featureDimension]`.
    func callAsFunction(_ x: Variable) -> Variable {
        head(encoder(x))
    }

    /// Unit features of a random view of each slice, without a gradient.
    func keys(
        of batch: SliceBatch, by parameters: Parameters, using generator: inout SeededGenerator
    ) -> FeatureSet {
        let views = settings.views(batch.images, using: &generator)
        let projections = evaluate(parameters, normalization: settings.keyStatistics) { self($0.constant(views)) }
        return FeatureSet(features: projections.l2Normalized(), partitions: batch.partitions)
    }

    /// Pushes keys of the site's slices, each once and in random order, until all or `limit` of them are in the bank.
    func fill(
        _ bank: inout MemoryBank, from slices: SliceLibrary, by parameters: Parameters, limit: Int = .max,
        using generator: inout SeededGenerator
    ) throws {
        var pushed = 0
        let size = settings.batchVolumes * settings.partitions
        for batch in slices.shuffled(batchSize: size, using: &generator) where pushed < limit {
            try Task.checkCancellation()
            bank.push(keys(of: slices.batch(batch), by: parameters, using: &generator))
            pushed += batch.count
        }
    }
}
