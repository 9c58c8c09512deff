import Tensor

/// What a segmentation is trained by: cross-entropy, soft Dice, or their sum.
public enum SegmentationLoss: String, Hashable, Sendable, Codable, CaseIterable {
    /// The mean over all pixels of −ln of the probability of the right class.
    case crossEntropy
    /// ``SoftDiceLoss``.
    case dice
    /// The sum of both, with equal weights: what most cardiac networks are trained by.
    ///
    /// Isensee et al., Nature Methods 18:203–211, 2021.
    case crossEntropyAndDice

    /// The loss of a batch.
    ///
    /// **Shapes** `scores [batch, height, width, classes]`, one label in `0 ..< classes` a pixel, row by row → scalar.
    ///
    /// - Precondition: two classes or more, as many labels as pixels, each a class.
    public func callAsFunction(_ scores: Variable, labels: [UInt8]) -> Variable {
        switch self {
        case .crossEntropy: pixelwise(scores, labels)
        case .dice: SoftDiceLoss()(scores, labels: labels)
        case .crossEntropyAndDice: pixelwise(scores, labels) + SoftDiceLoss()(scores, labels: labels)
        }
    }
}

private func pixelwise(_ scores: Variable, _ labels: [UInt8]) -> Variable {
    crossEntropy(scores, labels: labels.map(Int.init))
}
