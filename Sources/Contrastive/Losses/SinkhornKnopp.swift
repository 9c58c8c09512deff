import Foundation
import Tensor

/// Returns codes, soft assignments of features to prototypes that use all prototypes about equally.
///
/// With B features, K prototypes, and Q = e^{scores/ε} of shape K × B, each iteration divides
///
/// ```
/// rows     Q_kb ← Q_kb / (K Σ_b Q_kb)      every prototype gets 1/K
/// columns  Q_kb ← Q_kb / (B Σ_k Q_kb)      every feature gives 1/B
/// ```
///
/// and the result is B · Qᵀ. The columns come last, so every code sums to exactly 1; the codes of every prototype sum
/// to B / K in the limit of many iterations. The smaller ε is, the closer codes come to selecting a single prototype.
///
/// Source: Cuturi, "Sinkhorn distances", NeurIPS 2013; Caron et al., "Unsupervised learning of visual features by
/// contrasting cluster assignments", NeurIPS 2020, Eqs. (3) to (5), ε = 0.05 and three iterations.
///
/// **Shapes** `[features, prototypes]`, unchanged.
///
/// - Parameters:
///   - scores: The similarity of each feature to each prototype, from −1 to 1.
///   - epsilon: ε, the weight of the entropy.
///   - iterations: The number of times rows and columns are divided.
/// - Precondition: Rank 2, not empty; `epsilon` of at least 0.01, below which e^{scores/ε} cannot be represented.
/// - Complexity: O(features · prototypes · iterations).
public func sinkhornKnopp(_ scores: Tensor, epsilon: Float = 0.05, iterations: Int = 3) -> Tensor {
    precondition(scores.shape.rank == 2 && scores.count > 0, "codes of scores \(scores.shape)")
    precondition(epsilon >= 0.01 && iterations > 0, "ε of \(epsilon) and \(iterations) iterations")
    let (features, prototypes) = (scores.shape[0], scores.shape[1])
    // Compute in Double, shifted by the largest score, which the first division cancels.
    var codes = scores.elements.map(Double.init)
    let largest = codes.max()!
    for index in codes.indices { codes[index] = exp((codes[index] - largest) / Double(epsilon)) }
    for _ in 0..<iterations {
        var sums = [Double](repeating: 0, count: prototypes)
        for index in codes.indices { sums[index % prototypes] += codes[index] }
        for index in codes.indices { codes[index] /= sums[index % prototypes] * Double(prototypes) }
        for feature in 0..<features {
            let row = feature * prototypes..<(feature + 1) * prototypes
            let sum = codes[row].reduce(0, +) * Double(features)
            for index in row { codes[index] /= sum }
        }
    }
    return Tensor(codes.map { Float($0 * Double(features)) }, shape: scores.shape)
}
