import Tensor

/// The soft Dice loss of class scores: `1 − mean over classes of (2 Σ p g + ε) / (Σ p + Σ g + ε)`.
///
/// p is the softmax of the scores, g is 1 where the pixel has the class and 0 elsewhere, and the sums run over all pixels
/// of the batch. The background, class 0, does not count. Sums over the batch rather than over each image keep the loss
/// defined where a slice lacks a structure, as most slices at the apex do.
///
/// Milletari, Navab and Ahmadi, "V-Net", 3DV 2016, section 3, in the form without squares and with the sums of a batch
/// (Isensee et al., Nature Methods 18:203–211, 2021).
public struct SoftDiceLoss: Hashable, Sendable {
    /// ε, added above and below: what a class without a pixel is divided by.
    public var smoothing: Float

    /// A loss with `smoothing` added to both sums.
    ///
    /// - Precondition: `smoothing > 0`.
    public init(smoothing: Float = 1) {
        precondition(smoothing > 0, "a smoothing of \(smoothing): expected more than 0")
        self.smoothing = smoothing
    }

    /// The loss of a batch.
    ///
    /// **Shapes** `scores [..., classes]`, one label in `0 ..< classes` a pixel → scalar in 0 … 1.
    ///
    /// - Precondition: two classes or more, as many labels as pixels, each a class.
    public func callAsFunction(_ scores: Variable, labels: [UInt8]) -> Variable {
        let probabilities = softmax(scores)
        let p = probabilities.value
        let classes = p.shape.last
        precondition(
            classes > 1 && labels.count * classes == p.count && !labels.isEmpty,
            "\(labels.count) labels for scores of shape \(p.shape)")
        let sums = Sums(p, labels, classes: classes)
        let foreground = classes - 1
        var dice = 0.0
        // The derivative by p is `a − b g`, with one pair of numbers for each class.
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
            let factor = upstream.elements[0] / Float(foreground)
            var gradient = Tensor(zeros: shape)
            gradient.withMutableElements { target in
                for (pixel, label) in labels.enumerated() {
                    let at = pixel * classes
                    for c in 1..<classes { target[at + c] = factor * slopes[c].0 }
                    if label > 0 { target[at + Int(label)] -= factor * slopes[Int(label)].1 }
                }
            }
            adjoints.add(gradient, to: id)
        }
    }

    /// Sums over all pixels, one of each a class, added up in Double.
    private struct Sums {
        var overlap: [Double], predicted: [Double], labelled: [Double]

        init(_ probabilities: Tensor, _ labels: [UInt8], classes: Int) {
            var (overlap, predicted, labelled) = (
                [Double](repeating: 0, count: classes), [Double](repeating: 0, count: classes),
                [Double](repeating: 0, count: classes)
            )
            probabilities.withElements { p in
                for (pixel, label) in labels.enumerated() {
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
