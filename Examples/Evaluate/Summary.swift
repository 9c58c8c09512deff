import Foundation
import Reporting
import Volumes

/// All scores in the format of nnU-Net's `summary.json`, with additions; `docs/metrics.md` explains every key.
struct Summary: Encodable {
    /// Values by their names in the file; `nil` becomes `null`.
    typealias Metrics = [String: Double?]

    /// The metrics of one case.
    struct Case: Encodable {
        /// The metrics by label.
        var metrics: [String: Metrics]
        var predictionFile: String
        var referenceFile: String

        enum CodingKeys: String, CodingKey {
            case metrics
            case predictionFile = "prediction_file"
            case referenceFile = "reference_file"
        }
    }

    /// The mean over labels of the means over cases.
    var foregroundMean: Metrics = [:]
    /// The means over cases, by label.
    var mean: [String: Metrics] = [:]
    var standardDeviation: [String: Metrics] = [:]
    /// The number of cases left out of each mean because the metric does not exist for them.
    var excluded: [String: [String: Int]] = [:]
    /// The overlap of the pooled voxels of all cases.
    var pooled: [String: Metrics] = [:]
    var cases: [Case] = []
    var unmatchedPredictions: [String]
    var unmatchedReferences: [String]

    enum CodingKeys: String, CodingKey {
        case foregroundMean = "foreground_mean"
        case mean
        case standardDeviation = "standard_deviation"
        case excluded
        case pooled
        case cases = "metric_per_case"
        case unmatchedPredictions = "unmatched_predictions"
        case unmatchedReferences = "unmatched_references"
    }

    init(_ results: [CaseScores], labels: [Int], pairs: Pairs) {
        unmatchedPredictions = pairs.unmatchedPredictions.map(\.path)
        unmatchedReferences = pairs.unmatchedReferences.map(\.path)
        for result in results {
            var metrics: [String: Metrics] = [:]
            for (label, score) in zip(labels, result.scores) { metrics["\(label)"] = score.metrics }
            cases.append(
                Case(
                    metrics: metrics, predictionFile: result.pair.prediction.path,
                    referenceFile: result.pair.reference.path))
        }
        let names = StructureScore.metricNames
        for (index, label) in labels.enumerated() {
            let scores = results.map { $0.scores[index] }
            var (means, deviations, missing) = (Metrics(), Metrics(), [String: Int]())
            for name in names {
                let summary = ScoreSummary(scores.map { $0.metrics[name]! })
                means[name] = .some(summary.mean)
                deviations[name] = .some(summary.standardDeviation)
                missing[name] = summary.excludedCount
            }
            mean["\(label)"] = means
            standardDeviation["\(label)"] = deviations
            excluded["\(label)"] = missing
            let overlap = PooledOverlap(scores)
            pooled["\(label)"] = [
                "Dice": overlap.dice, "TP": Double(overlap.truePositives), "FP": Double(overlap.falsePositives),
                "FN": Double(overlap.falseNegatives),
            ]
        }
        for name in names {
            foregroundMean[name] = .some(ScoreSummary(labels.map { mean["\($0)"]![name]! }).mean)
        }
    }

    /// Returns the contents of the file, with keys in alphabetical order.
    func json() throws -> Data { try ReadableJSON.data(self) }
}

extension StructureScore {
    /// The metrics by their names in `summary.json`.
    fileprivate var metrics: Summary.Metrics {
        [
            "Dice": dice, "IoU": iou, "HD95": hd95, "ASSD": assd,
            "TP": Double(truePositives), "FP": Double(falsePositives), "FN": Double(falseNegatives),
            "TN": Double(trueNegatives), "n_pred": Double(truePositives + falsePositives),
            "n_ref": Double(truePositives + falseNegatives), "volume_pred_ml": predictedVolume,
            "volume_ref_ml": referenceVolume,
        ]
    }

    fileprivate static let metricNames = [
        "Dice", "IoU", "HD95", "ASSD", "TP", "FP", "FN", "TN", "n_pred", "n_ref", "volume_pred_ml", "volume_ref_ml",
    ]
}
