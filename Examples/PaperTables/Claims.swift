import FederatedContrastive

/// What the paper says of its tables, held against the measured ones.
struct Claim {
    /// The claim.
    let sentence: String
    /// Whether it holds here; `nil` where the tables are too small to say.
    let holds: Bool?
    /// The numbers behind the verdict.
    let evidence: String

    /// All claims.
    static func all(_ tables: [ResultTable]) -> [Claim] {
        tables.map(isFirst) + tables.compactMap(gapShrinks) + tables.compactMap(isEfficient) + [
            togetherIsBetter(tables)
        ]
    }

    /// `FCL is first in every column`.
    private static func isFirst(_ table: ResultTable) -> Claim {
        let others = table.methods.filter { $0 != .fcl }
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

    /// The gap between FCL and random weights, by column.
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

    /// FCL with N patients against random weights with 2 N.
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
