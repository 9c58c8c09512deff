import Tensor

/// A segmentation training loss: cross-entropy, soft Dice, or their sum.
///
/// Pixels with the label ``unlabelled`` do not count.
public enum SegmentationLoss: String, Hashable, Sendable, Codable, CaseIterable {
    /// The mean over all pixels of the negative log-probability of the true class.
    case crossEntropy
    /// ``SoftDiceLoss``.
    case dice
    /// The sum of both with equal weights, the usual loss for cardiac segmentation.
    ///
    /// Isensee et al., Nature Methods 18:203–211, 2021.
    case crossEntropyAndDice

    /// The label of a pixel whose class is unknown.
    public static let unlabelled: UInt8 = 255

    /// Returns the loss of a batch.
    ///
    /// **Shapes** `scores [batch, height, width, classes]`, one label in `0 ..< classes` per pixel, row by row →
    /// scalar.
    ///
    /// - Precondition: Two to 255 classes, as many labels as pixels, each a valid class or ``unlabelled``.
    public func callAsFunction(_ scores: Variable, labels: [UInt8]) -> Variable {
        switch self {
        case .crossEntropy: pixelwise(scores, labels: labels.map(Int.init))
        case .dice: SoftDiceLoss()(scores, labels: labels)
        case .crossEntropyAndDice:
            pixelwise(scores, labels: labels.map(Int.init)) + SoftDiceLoss()(scores, labels: labels)
        }
    }
}

/// The soft Dice loss of class scores: `1 − mean over classes of (2 Σ p g + ε) / (Σ p + Σ g + ε)`.
///
/// p is the softmax of the scores, g is 1 where the pixel has the class and 0 elsewhere, and the sums run over all
/// pixels of the batch. The background, class 0, is excluded. Summing over the batch rather than over each image
/// keeps the loss defined for slices that lack a structure, as most apical slices do. Pixels with the label
/// ``SegmentationLoss/unlabelled`` do not count.
///
/// Source: Milletari, Navab, and Ahmadi, "V-Net", 3DV 2016, section 3, without squares and with sums over the batch
/// (Isensee et al., Nature Methods 18:203–211, 2021).
public struct SoftDiceLoss: Hashable, Sendable {
    /// The smoothing term ε, added to numerator and denominator.
    public var smoothing: Float

    /// Creates a loss with the given smoothing term.
    ///
    /// - Precondition: `smoothing > 0`.
    public init(smoothing: Float = 1) {
        precondition(smoothing > 0, "a smoothing of \(smoothing): expected more than 0")
        self.smoothing = smoothing
    }

    /// Returns the loss of a batch.
    ///
    /// **Shapes** `scores [..., classes]`, one label in `0 ..< classes` per pixel → scalar in 0 … 1.
    ///
    /// - Precondition: Two to 255 classes, as many labels as pixels, each a valid class or
    ///   ``SegmentationLoss/unlabelled``.
    public func callAsFunction(_ scores: Variable, labels: [UInt8]) -> Variable {
        let probabilities = softmax(scores)
        let p = probabilities.value
        let classes = p.shape.last
        precondition(
            classes > 1 && classes < 256 && labels.count * classes == p.count && !labels.isEmpty,
            "\(labels.count) labels for scores of shape \(p.shape)")
        let sums = Sums(p, labels, classes: classes)
        let foreground = classes - 1
        var dice = 0.0
        // The gradient with respect to p is `a − b g`, with one pair of numbers per class.
        var slopes = [(Float, Float)](repeating: (0, 0), count: classes)
        for c in 1..<classes {
            let above = 2 * sums.overlap[c] + Double(smoothing)
            let below = sums.predicted[c] + sums.labelled[c] + Double(smoothing)
            dice += above / below
            slopes[c] = (Float(above / (below * below)), Float(2 / below))
        }
        let loss = Tensor(repeating: Float(1 - dice / Double(foreground)), shape: [])
        return scores.tape.record(loss, operands: probabilities.id) {
            [id = probabilities.id, shape = p.shape, slopes] upstream, adjoints in
            let factor = upstream[] / Float(foreground)
            var gradient = Tensor(zeros: shape)
            gradient.withMutableSpan { target in
                for (pixel, label) in labels.enumerated() where label != SegmentationLoss.unlabelled {
                    let at = pixel * classes
                    for c in 1..<classes { target[at + c] = factor * slopes[c].0 }
                    if label > 0 { target[at + Int(label)] -= factor * slopes[Int(label)].1 }
                }
            }
            adjoints.add(gradient, to: id)
        }
    }

    /// Per-class sums over all pixels, accumulated in Double.
    private struct Sums {
        var overlap: [Double], predicted: [Double], labelled: [Double]

        init(_ probabilities: Tensor, _ labels: [UInt8], classes: Int) {
            let zeros = [Double](repeating: 0, count: classes)
            var (overlap, predicted, labelled) = (zeros, zeros, zeros)
            probabilities.withSpan { p in
                for (pixel, label) in labels.enumerated() where label != SegmentationLoss.unlabelled {
                    let at = pixel * classes
                    precondition(Int(label) < classes, "the label \(label) is none of the \(classes) classes")
                    for c in 1..<classes { predicted[c] += Double(p[at + c]) }
                    overlap[Int(label)] += Double(p[at + Int(label)])
                    labelled[Int(label)] += 1
                }
            }
            (self.overlap, self.predicted, self.labelled) = (overlap, predicted, labelled)
        }
    }
}

/// Returns the cross-entropy of pixels; needed because a case of the loss has the same name as the global function.
private func pixelwise(_ scores: Variable, labels: [Int]) -> Variable {
    crossEntropy(scores, labels: labels, ignoring: Int(SegmentationLoss.unlabelled))
}
