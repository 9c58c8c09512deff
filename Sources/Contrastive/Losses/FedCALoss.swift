import Features
import Tensor

/// The loss of FedCA: SimCLR's loss with a dictionary of all sites' projections as additional negatives, and an
/// alignment term that keeps the sites' features comparable.
///
/// With the features f of a public set that every site holds, and the features f* of the same set from a base model
/// trained on that set alone:
///
/// ```
/// L = L_contrast + β L_align,   L_align = mean over images and channels of (f − f*)²
/// ```
///
/// In each round, the server merges the dictionary from samples of the sites' projections. Both the sampling at a
/// site and the merging use `FeatureSet.sample(from:count:using:)`; partitions play no role:
///
/// ```swift
/// let upload = FeatureSet.sample(from: [projections], count: 64, using: &generator)               // at each site
/// let dictionary = FeatureSet.sample(from: uploads, count: 640, using: &generator)                // at the server
/// let value = loss(
///     head(encoder(a)), head(encoder(b)), dictionary: dictionary,
///     features: globalAveragePool(encoder(shared)), base: baseFeatures)
/// ```
///
/// Source: Zhang et al., "Federated unsupervised representation learning", arXiv:2010.08982, its dictionary and its
/// alignment module. The dictionary in the denominator of SimCLR, the mean in L_align, its place after the encoder's
/// pooling, and β = 0.01 are this package's reconstruction; so is a public set of synthetic hearts. The server
/// averages encoder and projection head.
public struct FedCALoss: Hashable, Sendable, Codable {
    /// The contrastive loss, L_contrast.
    public var contrast: NTXentLoss
    /// The weight of the alignment, β.
    public var beta: Float

    /// Creates a loss.
    ///
    /// - Precondition: `beta ≥ 0`.
    public init(contrast: NTXentLoss = NTXentLoss(), beta: Float = 0.01) {
        precondition(beta >= 0 && beta.isFinite, "an alignment of weight \(beta)")
        (self.contrast, self.beta) = (contrast, beta)
    }

    /// Returns the loss of a batch, a scalar, differentiable with respect to projections and features.
    ///
    /// **Shapes** `first` and `second` `[batch, dimension]`, `features` and `base` `[images, channels]`.
    ///
    /// - Parameters:
    ///   - first: The projections of one view of each image.
    ///   - second: The projections of the other view.
    ///   - dictionary: The projections of all sites.
    ///   - features: f, the encoder's features of images of the public set.
    ///   - base: f*, the base model's features of the same images.
    /// - Precondition: As for ``NTXentLoss`` and ``alignment(_:to:)``.
    public func callAsFunction(
        _ first: Variable, _ second: Variable, dictionary: FeatureSet, features: Variable, base: Tensor
    ) -> Variable {
        contrast(first, second, negatives: dictionary) + alignment(features, to: base) * beta
    }

    /// Returns L_align, a scalar, differentiable with respect to the features.
    ///
    /// - Precondition: Equal shapes, not empty.
    public func alignment(_ features: Variable, to base: Tensor) -> Variable {
        precondition(
            features.shape == base.shape && base.count > 0,
            "features \(features.shape) with \(base.shape) of the base")
        let difference = features - features.tape.constant(base)
        return mean(difference * difference)
    }
}
