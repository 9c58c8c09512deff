import Foundation
import Reporting
import Volumes

/// The scores of one case.
struct CaseScores: Sendable {
    var pair: Pair
    /// The scores, in the order of the requested labels.
    var scores: [StructureScore]
    /// Labels other than the requested ones and background, each with a file that contains it.
    var strayLabels: [Int: String]
    /// Warnings about the files.
    var warnings: [String]

    /// Reads both label maps, checks that they are comparable, and compares them.
    static func reading(_ pair: Pair, labels: [Int]) -> Result<CaseScores, Failure> {
        do throws(VolumesError) {
            let prediction = try LabelMap(contentsOf: pair.prediction)
            let reference = try LabelMap(contentsOf: pair.reference)
            if let mismatch = prediction.mismatch(with: reference) { return .failure(.badData(mismatch)) }
            var strayLabels: [Int: String] = [:]
            for map in [reference, prediction] {
                for label in map.labels where label != 0 && !labels.contains(label) { strayLabels[label] = map.file }
            }
            let scores = labels.map { label in
                StructureScore.compare(
                    prediction: prediction.image.volume, reference: reference.image.volume, label: label)
            }
            return .success(
                CaseScores(
                    pair: pair, scores: scores, strayLabels: strayLabels,
                    warnings: prediction.image.warnings + reference.image.warnings))
        } catch {
            return .failure(Failure(error))
        }
    }
}

/// A label map and its file.
struct LabelMap {
    let file: String
    let image: NIfTI
    /// The labels that occur, in ascending order.
    let labels: [Int]

    /// The greatest label that is allowed.
    static let greatest = 65_535

    /// Creates a label map by reading a file.
    ///
    /// - Throws: `VolumesError` if the file cannot be read, has several frames, has a spacing far from any scanner's,
    ///   or has a voxel that is not a whole number from 0 to ``greatest``.
    init(contentsOf url: URL) throws(VolumesError) {
        file = url.path
        image = try NIfTI(contentsOf: url)
        let volume = image.volume
        guard volume.extent.frames == 1 else {
            throw .invalidField(
                file: file, field: "dim[4]", found: "\(volume.extent.frames)",
                expected: "1; write each frame to a file of its own")
        }
        guard volume.spacing.isMeasurable else {
            throw .invalidField(
                file: file, field: "pixdim", found: volume.spacing.text,
                expected: "between \(Volume.Spacing.measurable.lowerBound) and "
                    + "\(Volume.Spacing.measurable.upperBound) mm")
        }
        var occurs = [Bool](repeating: false, count: Self.greatest + 1)
        for (place, voxel) in volume.voxels.enumerated() {
            guard voxel >= 0, voxel <= Float(Self.greatest), voxel == voxel.rounded() else {
                let (x, y) = (place % volume.extent.x, place / volume.extent.x % volume.extent.y)
                let slice = place / (volume.extent.x * volume.extent.y)
                throw .invalidField(
                    file: file, field: "the label of voxel (\(x), \(y), \(slice))", found: "\(voxel)",
                    expected: "a whole number from 0 to \(Self.greatest)")
            }
            occurs[Int(voxel)] = true
        }
        labels = occurs.indices.filter { occurs[$0] }
    }

    /// Returns the reason that the voxels of the two maps are not at the same places, and a remedy; `nil` if they are.
    func mismatch(with reference: LabelMap) -> String? {
        let (own, other) = (image.volume, reference.image.volume)
        func sentence(_ field: String, _ found: String, _ expected: String, _ remedy: String) -> String {
            "\(file) and \(reference.file): \(field) differs, \(found) and \(expected); \(remedy)"
        }
        if own.extent != other.extent {
            return sentence(
                "extent (dim)", "\(own.extent)", "\(other.extent)",
                "bring the prediction back onto the voxels of the reference.")
        }
        let spacings = [(own.spacing.x, other.spacing.x), (own.spacing.y, other.spacing.y)]
        let all = spacings + [(own.spacing.slice, other.spacing.slice)]
        // Headers are rounded: usually to single precision, by some programs to three digits.
        if all.contains(where: { abs($0 - $1) > 1e-3 * max($0, $1) }) {
            return sentence(
                "spacing (pixdim)", own.spacing.text, other.spacing.text,
                "write the prediction with the header of the reference.")
        }
        if let axes = image.orientation, let expected = reference.image.orientation, axes != expected {
            return sentence(
                "orientation (qform or sform)", axes, expected,
                "turn the prediction's axes, or write it with the header of the reference.")
        }
        return nil
    }
}

extension Volume.Spacing {
    /// The spacing as text, such as `1.5625 × 1.5625 × 10 mm`.
    var text: String {
        [x, y, slice].map { String(format: "%.6g", $0) }.joined(separator: " × ") + " mm"
    }
}

/// The scores as tables: a line per case and label, then a line per label over all cases.
enum ScoreTable {
    static func text(_ results: [CaseScores], labels: [Int]) -> String {
        perCase(results, labels) + "\n\n" + overall(results, labels)
    }

    private static func perCase(_ results: [CaseScores], _ labels: [Int]) -> String {
        var rows = [["case", "label", "Dice", "IoU", "HD95 mm", "ASSD mm", "volume ml", "reference ml"]]
        for result in results {
            for (label, score) in zip(labels, result.scores) {
                rows.append([
                    result.pair.name, "\(label)", number(score.dice, 4), number(score.iou, 4), number(score.hd95, 2),
                    number(score.assd, 2), number(score.predictedVolume, 2), number(score.referenceVolume, 2),
                ])
            }
        }
        return TextTable.text(rows)
    }

    private static func overall(_ results: [CaseScores], _ labels: [Int]) -> String {
        // A case without Dice has no IoU either, and one without HD95 no ASSD, so one count serves for both.
        var rows = [
            ["label", "Dice", "IoU", "cases", "excluded", "HD95 mm", "ASSD mm", "cases", "excluded", "pooled Dice"]
        ]
        var means: [[Double?]] = [[], [], [], []]
        for (index, label) in labels.enumerated() {
            let scores = results.map { $0.scores[index] }
            let summaries = [
                ScoreSummary(scores.map(\.dice)), ScoreSummary(scores.map(\.iou)), ScoreSummary(scores.map(\.hd95)),
                ScoreSummary(scores.map(\.assd)),
            ]
            for (metric, summary) in summaries.enumerated() { means[metric].append(summary.mean) }
            let (overlap, distance) = (summaries[0], summaries[2])
            rows.append([
                "\(label)", spread(summaries[0], 4), spread(summaries[1], 4), "\(overlap.count)",
                "\(overlap.excludedCount)", spread(summaries[2], 2), spread(summaries[3], 2), "\(distance.count)",
                "\(distance.excludedCount)", number(PooledOverlap(scores).dice, 4),
            ])
        }
        let all = means.map { ScoreSummary($0).mean }
        rows.append(["mean", number(all[0], 4), number(all[1], 4), "", "", number(all[2], 2), number(all[3], 2)])
        return TextTable.text(rows)
    }

    /// Returns a number as text, or a dash if it does not exist.
    private static func number(_ value: Double?, _ digits: Int) -> String {
        value.map { String(format: "%.\(digits)f", $0) } ?? "–"
    }

    /// Returns the mean ± standard deviation as text.
    private static func spread(_ summary: ScoreSummary, _ digits: Int) -> String {
        guard summary.mean != nil, summary.standardDeviation != nil else { return number(summary.mean, digits) }
        return "\(number(summary.mean, digits)) ± \(number(summary.standardDeviation, digits))"
    }
}
