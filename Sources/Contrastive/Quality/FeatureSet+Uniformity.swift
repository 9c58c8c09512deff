import Foundation
import Tensor

extension FeatureSet {
    /// How evenly features cover the sphere: `ln mean exp(−t |u − v|²)` over all pairs of different features, with t = 2.
    ///
    /// 0 where all features are the same, and smaller the more evenly they are spread. `nil` for fewer than two features.
    ///
    /// Source: Wang and Isola, "Understanding Contrastive Representation Learning through Alignment and Uniformity on the
    /// Hypersphere", ICML 2020, section 4.1.2.
    ///
    /// - Complexity: O(count² · dimension).
    public var uniformity: Double? {
        guard count > 1 else { return nil }
        let similarities = features.matrixProduct(features, otherTransposed: true)
        var sum = 0.0
        similarities.withElements { similarities in
            for i in 0..<count {
                for j in i + 1..<count {
                    // Between unit vectors |u − v|² is 2 − 2 u·v.
                    sum += Foundation.exp(-4 * (1 - Double(similarities[i * count + j])))
                }
            }
        }
        return Foundation.log(2 * sum / Double(count * (count - 1)))
    }

    /// How far the features of two views of the same slices lie apart: the mean of `|u − v|²`, 0 to 4.
    ///
    /// Source: as for ``uniformity``, section 4.1.1, with the exponent 2.
    ///
    /// - Precondition: as many features of the same length, more than none.
    public func alignment(with views: FeatureSet) -> Double {
        precondition(
            features.shape == views.features.shape && count > 0,
            "the alignment of \(features.shape) with \(views.features.shape)")
        return 2 - 2 * features.dot(views.features) / Double(count)
    }
}
