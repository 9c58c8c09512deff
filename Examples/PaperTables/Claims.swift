import FederatedContrastive

/// A claim of the paper about its tables, checked against the measured ones.
struct Claim {
    /// The claim.
    let sentence: String
    /// Whether the claim holds here; `nil` if the tables are too small to tell.
    let holds: Bool?
    /// The numbers behind the verdict.
    let evidence: String

    /// Returns all claims.
    static func all(_ tables: [ResultTable]) -> [Claim] {
        tables.map(isFirst) + tables.compactMap(gapShrinks) + tables.compactMap(isEfficient) + [
            togetherIsBetter(tables)
        ]
    }

    /// Returns the claim that FCL is first in every column.
    private static func isFirst(_ table: ResultTable) -> Claim {
        let others = table.methods.filter { $0 != .fcl && $0 != .fclPlus }
        let columns = table.annotated.compactMap { n -> (n: Int, isFirst: Bool, text: String)? in
            guard let own = table.dice(.fcl, n),
                let best = others.compactMap({ other in table.dice(other, n).map { (other, $0) } }).max(by: {
                    $0.1 < $1.1
                })
            else { return nil }
            let p = table.comparison(best.0, n).map { ", p = \(FineTuningReport.decimals($0.p, 4))" } ?? ""
            return (
                n, own > best.1,
                "N = \(n): \(FineTuningReport.decimals(own)) against \(FineTuningReport.decimals(best.1)) "
                    + "(\(best.0.title)\(p))"
            )
        }
        return Claim(
            sentence: "\(table.kind.title): FCL is first in every column.",
            holds: columns.isEmpty ? nil : columns.allSatisfy(\.isFirst),
            evidence: columns.map(\.text).joined(separator: "; "))
    }

    /// Returns the claim that the gap between FCL and random weights shrinks from column to column.
    private static func gapShrinks(_ table: ResultTable) -> Claim? {
        let gaps = table.annotated.compactMap { n in
            table.dice(.fcl, n).flatMap { own in table.dice(.random, n).map { (n, own - $0) } }
        }
        guard let first = gaps.first, let last = gaps.last else { return nil }
        return Claim(
            sentence: "\(table.kind.title): the gap to random weights shrinks as more patients are annotated.",
            holds: gaps.count > 1 ? last.1 < first.1 : nil,
            evidence: gaps.map { "N = \($0.0): \(FineTuningReport.decimals($0.1))" }.joined(separator: ", "))
    }

    /// Returns the claim that FCL with N patients is as good as random weights with 2 N.
    private static func isEfficient(_ table: ResultTable) -> Claim? {
        let pairs = table.annotated.compactMap { n -> (n: Int, own: Double, other: Double)? in
            guard let own = table.dice(.fcl, n), let other = table.dice(.random, 2 * n) else { return nil }
            return (n, own, other)
        }
        if pairs.isEmpty { return nil }
        return Claim(
            sentence: "\(table.kind.title): FCL needs half the labels of random weights (within .01).",
            holds: pairs.allSatisfy { $0.own >= $0.other - 0.01 },
            evidence: pairs.map {
                "N = \($0.n): \(FineTuningReport.decimals($0.own)) against \(FineTuningReport.decimals($0.other)) "
                    + "of random weights at N = \(2 * $0.n)"
            }.joined(separator: "; "))
    }

    private static func togetherIsBetter(_ tables: [ResultTable]) -> Claim {
        let local = tables.first { $0.kind == .local }
        let federated = tables.first { $0.kind == .federated }
        var pairs: [(Bool, String)] = []
        if let local, let federated {
            for method in federated.methods {
                for n in federated.annotated {
                    guard let together = federated.dice(method, n), let alone = local.dice(method, n) else { continue }
                    pairs.append(
                        (
                            together > alone,
                            "\(method.title) N = \(n): \(FineTuningReport.decimals(together)) against "
                                + FineTuningReport.decimals(alone)
                        ))
                }
            }
        }
        let against = pairs.filter { !$0.0 }
        return Claim(
            sentence: "Federated fine-tuning is better than local, for every method and column.",
            holds: pairs.isEmpty ? nil : against.isEmpty,
            evidence: against.isEmpty
                ? "\(pairs.count) of \(pairs.count) pairs" : against.map(\.1).joined(separator: "; "))
    }
}

/// The numbers of Wu et al.: mean and standard deviation of Dice at N = 1, 2, 4, and 8.
///
/// Source: Wu et al., MICCAI 2021, tables 1 and 2; the transfer to HVSMR is from the slides of the talk, which give no
/// standard deviations.
enum PaperNumbers {
    /// The columns.
    static let annotated = [1, 2, 4, 8]

    /// A number in the paper.
    struct Number: Equatable {
        let mean: Double
        let deviation: Double?
    }

    /// Returns the number of a method at N annotated patients; `nil` for rows and columns that the paper does not have.
    static func number(_ table: ResultTable.Kind, _ method: Method, annotated: Int) -> Number? {
        guard let column = self.annotated.firstIndex(of: annotated), let row = rows(table)[method] else { return nil }
        return Number(mean: row[column].0, deviation: row[column].1)
    }

    /// Returns whether the paper has a row for a method.
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

/// The rows of the tables in order, by the name of the pre-training method.
enum Method: String, CaseIterable {
    case random, localCL, fedRotation, fedSimCLR, fedSwAV, fedCA, fedMoCo, fedBYOL, fedReconstruction, fcl, fclPlus

    /// The name in tables; methods that the paper does not have are marked.
    var title: String {
        let title = PretrainingMethods.named(rawValue)?.title ?? rawValue
        return PaperNumbers.has(self) ? title : "\(title) (ours)"
    }
}
