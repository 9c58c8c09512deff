import FederatedContrastive

/// The numbers that Wu et al. printed: Dice, mean and standard deviation, at N = 1, 2, 4 and 8.
///
/// Source: Wu et al., MICCAI 2021, tables 1 and 2; the transfer to HVSMR is from the slides of the talk, without spread.
enum PaperNumbers {
    /// The columns.
    static let annotated = [1, 2, 4, 8]

    /// A printed number.
    struct Number: Equatable {
        let mean: Double
        let deviation: Double?
    }

    /// The number of a method at N annotated patients; `nil` for rows and columns the paper does not have.
    static func number(_ table: ResultTable.Kind, _ method: Method, annotated: Int) -> Number? {
        guard let column = self.annotated.firstIndex(of: annotated), let row = rows(table)[method] else { return nil }
        return Number(mean: row[column].0, deviation: row[column].1)
    }

    /// Whether the paper has a row for a method.
    static func has(_ method: Method) -> Bool { rows(.local)[method] != nil }

    private typealias Row = [(Double, Double?)]

    private static func rows(_ table: ResultTable.Kind) -> [Method: Row] {
        switch table {
        case .local:
            [
                .random: [(0.280, 0.037), (0.414, 0.070), (0.618, 0.026), (0.766, 0.027)],
                .localCL: [(0.320, 0.106), (0.456, 0.095), (0.637, 0.043), (0.770, 0.029)],
                .fedRotation: [(0.357, 0.058), (0.508, 0.054), (0.660, 0.021), (0.783, 0.029)],
                .fedSimCLR: [(0.288, 0.049), (0.435, 0.046), (0.619, 0.032), (0.765, 0.033)],
                .fedSwAV: [(0.323, 0.066), (0.480, 0.067), (0.659, 0.019), (0.782, 0.030)],
                .fedCA: [(0.280, 0.047), (0.417, 0.042), (0.610, 0.030), (0.766, 0.029)],
                .fcl: [(0.506, 0.056), (0.631, 0.051), (0.745, 0.017), (0.824, 0.025)],
            ]
        case .federated:
            [
                .random: [(0.445, 0.012), (0.572, 0.061), (0.764, 0.017), (0.834, 0.011)],
                .localCL: [(0.473, 0.013), (0.717, 0.024), (0.784, 0.015), (0.847, 0.009)],
                .fedRotation: [(0.516, 0.015), (0.627, 0.074), (0.821, 0.015), (0.867, 0.010)],
                .fedSimCLR: [(0.395, 0.023), (0.576, 0.046), (0.788, 0.014), (0.859, 0.011)],
                .fedSwAV: [(0.500, 0.015), (0.594, 0.058), (0.815, 0.015), (0.862, 0.010)],
                .fedCA: [(0.397, 0.020), (0.561, 0.047), (0.784, 0.015), (0.858, 0.011)],
                .fcl: [(0.646, 0.052), (0.824, 0.004), (0.871, 0.007), (0.894, 0.006)],
            ]
        case .transfer:
            [
                .random: [(0.792, nil), (0.814, nil), (0.827, nil), (0.859, nil)],
                .localCL: [(0.798, nil), (0.811, nil), (0.825, nil), (0.855, nil)],
                .fedRotation: [(0.800, nil), (0.816, nil), (0.834, nil), (0.864, nil)],
                .fedSimCLR: [(0.797, nil), (0.799, nil), (0.815, nil), (0.854, nil)],
                .fedSwAV: [(0.802, nil), (0.814, nil), (0.842, nil), (0.862, nil)],
                .fedCA: [(0.790, nil), (0.802, nil), (0.817, nil), (0.861, nil)],
                .fcl: [(0.814, nil), (0.823, nil), (0.849, nil), (0.872, nil)],
            ]
        }
    }
}

/// The rows of the tables, in their order, by the name of the pre-training method.
enum Method: String, CaseIterable {
    case random, localCL, fedRotation, fedSimCLR, fedSwAV, fedCA, fedMoCo, fedBYOL, fedReconstruction, fcl

    /// The name in tables; methods that the paper does not have are marked.
    var title: String {
        let title = PretrainingMethods.named(rawValue)?.title ?? rawValue
        return PaperNumbers.has(self) ? title : "\(title) (ours)"
    }
}
