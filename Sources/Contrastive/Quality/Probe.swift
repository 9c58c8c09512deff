import Foundation
import Tensor

/// A measurement of what features reveal about a class that they were not trained on, such as the partition of a
/// slice or the disease of a patient.
///
/// Features of one group, such as the slices of a patient, resemble each other regardless of what they show, so an
/// item is never classified by others in its group.
public enum Probe {
    /// Returns the fraction of items whose class is correctly predicted by their nearest neighbors.
    ///
    /// Neighbors are the `neighbors` items of other groups with the largest cosine similarity, each weighted by
    /// `exp(similarity / temperature)`. Among classes of equal weight, the lowest is predicted.
    ///
    /// Source: Wu et al., "Unsupervised Feature Learning via Non-parametric Instance Discrimination", CVPR 2018,
    /// section 3.4, with its temperature of 0.07.
    ///
    /// **Shapes** `features [count, dimension]` of any length; a class, from 0, and a group for each.
    ///
    /// - Returns: `nil` if no item has neighbors in another group.
    /// - Complexity: O(count² · dimension).
    public static func nearestNeighbors(
        _ features: Tensor, classes: [Int], groups: [Int], neighbors: Int = 20, temperature: Double = 0.07
    ) -> Double? {
        check(features, classes, groups)
        precondition(neighbors > 0 && temperature > 0, "\(neighbors) neighbors, temperature \(temperature)")
        let (count, classCount) = (classes.count, (classes.max() ?? 0) + 1)
        let unit = features.l2Normalized()
        let similarities = unit.matrixProduct(unit, otherTransposed: true).elements
        var (judged, right) = (0, 0)
        for item in 0..<count {
            let others = (0..<count).filter { groups[$0] != groups[item] }
                .sorted { (similarities[item * count + $0], $1) > (similarities[item * count + $1], $0) }
                .prefix(neighbors)
            if others.isEmpty { continue }
            var weights = [Double](repeating: 0, count: classCount)
            for other in others {
                weights[classes[other]] += Foundation.exp(
                    Double(similarities[item * count + other] - 1) / temperature)
            }
            judged += 1
            if weights.firstIndex(of: weights.max()!) == classes[item] { right += 1 }
        }
        return judged > 0 ? Double(right) / Double(judged) : nil
    }

    /// Returns the fraction of items whose class is correctly predicted by a linear map of the features, in
    /// cross-validation over groups.
    ///
    /// Group g is in fold `g mod folds`. The map is a ridge regression onto one-hot classes, solved by LAPACK;
    /// features are standardized, so that `penalty` is a number of items.
    ///
    /// Source: linear evaluation as in Chen et al., ICML 2020, section 2.3, with least squares instead of a logistic
    /// loss, which is this package's choice.
    ///
    /// **Shapes** `features [count, dimension]`; a class, from 0, and a group, from 0, for each.
    ///
    /// - Returns: `nil` if no fold has items both inside and outside it.
    public static func linear(
        _ features: Tensor, classes: [Int], groups: [Int], folds: Int = 5, penalty: Double = 1
    ) -> Double? {
        check(features, classes, groups)
        precondition(folds > 1 && groups.allSatisfy { $0 >= 0 }, "\(folds) folds, groups from \(groups.min() ?? 0)")
        let classCount = (classes.max() ?? 0) + 1
        let standard = standardized(features)
        var (judged, right) = (0, 0)
        for fold in 0..<folds {
            let inside = classes.indices.filter { groups[$0] % folds == fold }
            let outside = classes.indices.filter { groups[$0] % folds != fold }
            if inside.isEmpty || outside.isEmpty { continue }
            var targets = [Float](repeating: 0, count: outside.count * classCount)
            for (row, item) in outside.enumerated() { targets[row * classCount + classes[item]] = 1 }
            let map = RidgeRegression(
                from: standard.gathered(rows: outside), to: Tensor(targets, shape: [outside.count, classCount]),
                penalty: penalty)
            let guesses = map(standard.gathered(rows: inside)).elements
            for (row, item) in inside.enumerated() {
                let own = guesses[row * classCount..<(row + 1) * classCount]
                if own.firstIndex(of: own.max()!)! - own.startIndex == classes[item] { right += 1 }
            }
            judged += inside.count
        }
        return judged > 0 ? Double(right) / Double(judged) : nil
    }

    private static func check(_ features: Tensor, _ classes: [Int], _ groups: [Int]) {
        precondition(
            features.shape.rank == 2 && features.shape[0] == classes.count && groups.count == classes.count
                && classes.allSatisfy { $0 >= 0 },
            "\(classes.count) classes and \(groups.count) groups for features of \(features.shape)")
    }

    /// Returns columns with mean 0 and variance 1; columns without variance are 0.
    private static func standardized(_ features: Tensor) -> Tensor {
        let (rows, columns) = (features.shape[0], features.shape[1])
        var elements = features.elements
        for column in 0..<columns {
            let places = stride(from: column, to: rows * columns, by: columns)
            let mean = places.reduce(0.0) { $0 + Double(elements[$1]) } / Double(max(1, rows))
            let squares = places.reduce(0.0) { $0 + (Double(elements[$1]) - mean) * (Double(elements[$1]) - mean) }
            let scale = squares > 1e-12 * Double(rows) ? (Double(rows) / squares).squareRoot() : 0
            for place in places { elements[place] = Float((Double(elements[place]) - mean) * scale) }
        }
        return Tensor(elements, shape: features.shape)
    }
}
