import Contrastive
import Features
import Tensor
import UNet

/// An encoder with a projection head: the network of the contrastive methods.
public struct Projector: Layer {
    private let encoder: UNet.Encoder
    private let head: ProjectionHead
    private let settings: PretrainingSettings

    /// Creates the network, registering the head's slots, `head.0` and `head.2`.
    public init(_ settings: PretrainingSettings, encoder: UNet.Encoder, in builder: inout ParameterBuilder) {
        (self.encoder, self.settings) = (encoder, settings)
        head = builder.group(.head) {
            ProjectionHead(inputs: encoder.outputChannels, outputs: settings.featureDimension, in: &$0)
        }
    }

    /// Returns projections before normalization: `[batch, height, width, 1]` → `[batch, featureDimension]`.
    public func callAsFunction(_ x: Variable) -> Variable {
        head(encoder(x))
    }

    /// Returns keys: unit features of a random view of each slice, without a gradient.
    ///
    /// - Throws: `FeatureError` if a feature is zero or not finite.
    public func features(
        of batch: SliceBatch, with parameters: Parameters, using generator: inout SeededGenerator
    ) throws -> FeatureSet {
        let views = settings.views(batch.images, using: &generator)
        let projections = evaluate(parameters, normalization: settings.keyStatistics) { self($0.constant(views)) }
        return try FeatureSet(normalizing: projections, partitions: batch.partitions)
    }

    /// Pushes features of the site's slices, each once and in random order, until all or `limit` of them are in the
    /// bank.
    ///
    /// - Throws: `FeatureError`; `CancellationError` if the task was canceled.
    public func fill(
        _ bank: inout MemoryBank, from slices: SliceLibrary, with parameters: Parameters, limit: Int = .max,
        using generator: inout SeededGenerator
    ) throws {
        var pushed = 0
        let size = settings.batchVolumes * settings.partitions
        for batch in slices.shuffled(batchSize: size, using: &generator) where pushed < limit {
            try Task.checkCancellation()
            bank.push(try features(of: slices.batch(batch), with: parameters, using: &generator))
            pushed += batch.count
        }
    }
}
