/// The scores of one segmented structure in one volume.
///
/// **Empty structures.** Where neither map has the label, there is nothing to score: ``dice``, ``iou``, ``hd95`` and
/// ``assd`` are `nil`. Where only one of them has it, overlap is 0 and the distances, which then do not exist, are `nil`.
/// A `nil` is left out of means and counted as excluded, see ``ScoreSummary``; no score is ever NaN.
public struct StructureScore: Hashable, Sendable {
    /// 2 TP ∕ (2 TP + FP + FN), 0 … 1; `nil` where neither map has the label.
    public var dice: Double?
    /// TP ∕ (TP + FP + FN), the Jaccard index, 0 … 1; `nil` where neither map has the label.
    public var iou: Double?
    /// The 95th percentile Hausdorff distance in mm; `nil` unless both maps have the label.
    public var hd95: Double?
    /// The average symmetric surface distance in mm; `nil` unless both maps have the label.
    public var assd: Double?
    /// Voxels that have the label in both maps.
    public var truePositives: Int
    /// Voxels that have the label in the prediction only.
    public var falsePositives: Int
    /// Voxels that have the label in the reference only.
    public var falseNegatives: Int
    /// Voxels that have the label in neither map.
    public var trueNegatives: Int
    /// The predicted volume in ml.
    public var predictedVolume: Double
    /// The reference's volume in ml.
    public var referenceVolume: Double
}

extension StructureScore: Codable {
    /// Writes every key; a score that is `nil` becomes `null`.
    public func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: CodingKeys.self)
        try object.encode(dice, forKey: .dice)
        try object.encode(iou, forKey: .iou)
        try object.encode(hd95, forKey: .hd95)
        try object.encode(assd, forKey: .assd)
        try object.encode(truePositives, forKey: .truePositives)
        try object.encode(falsePositives, forKey: .falsePositives)
        try object.encode(falseNegatives, forKey: .falseNegatives)
        try object.encode(trueNegatives, forKey: .trueNegatives)
        try object.encode(predictedVolume, forKey: .predictedVolume)
        try object.encode(referenceVolume, forKey: .referenceVolume)
    }
}

extension StructureScore {
    /// Compares one label of two label maps on the same grid.
    ///
    /// Distances are between surfaces. The surface of a mask is the set of its voxels that have one of their six
    /// neighbors outside the mask, and the outside of the grid counts as outside. Each surface voxel has the distance in
    /// mm from its center to the nearest surface voxel of the other mask.
    /// - ``hd95`` is the larger of two 95th percentiles: of the distances from the prediction's surface and of those
    ///   from the reference's. Percentiles are interpolated linearly at rank 0.95 · (n − 1).
    /// - ``assd`` is the mean over the voxels of both surfaces together.
    ///
    /// These are the definitions of MONAI's `compute_hausdorff_distance(percentile: 95)` and
    /// `compute_average_surface_distance(symmetric: true)`, each with `spacing`; they are compared by
    /// `Tests/VolumesTests/Fixtures/make_metrics.py`. Other programs weight surfaces by area, or take the percentile of
    /// both sets together, and print other numbers.
    ///
    /// - Parameters:
    ///   - prediction: A label map; its spacing is not used.
    ///   - reference: The label map that counts as true.
    ///   - label: The number of the structure in both.
    /// - Precondition: Equal sizes, one frame, spacing of the reference within `Volume.Spacing.measurable`.
    /// - Complexity: O(voxels), and O(n log n) in the number n of surface voxels.
    public static func compare(prediction: Volume, reference: Volume, label: Int) -> StructureScore {
        precondition(
            prediction.extent == reference.extent,
            "a prediction of \(prediction.extent) voxels cannot be compared with a reference of \(reference.extent)")
        precondition(reference.extent.frames == 1, "\(reference.extent.frames) frames; compare one at a time")
        let spacing = reference.spacing
        precondition(spacing.isMeasurable, "\(spacing) is not within \(Volume.Spacing.measurable) mm")

        let masks = MaskPair(prediction: prediction, reference: reference, label: label)
        let (hits, extra, missed) = (masks.truePositives, masks.falsePositives, masks.falseNegatives)
        let union = hits + extra + missed
        var score = StructureScore(
            dice: union == 0 ? nil : Double(2 * hits) / Double(union + hits),
            iou: union == 0 ? nil : Double(hits) / Double(union),
            truePositives: hits, falsePositives: extra, falseNegatives: missed, trueNegatives: masks.trueNegatives,
            predictedVolume: Double(hits + extra) * spacing.milliliters,
            referenceVolume: Double(hits + missed) * spacing.milliliters)
        if hits + extra > 0, hits + missed > 0 {
            let distances = SurfaceDistances(masks, spacing: spacing)
            score.hd95 = distances.hausdorff(percentile: 95)
            score.assd = distances.mean
        }
        return score
    }
}

extension Volume.Spacing {
    /// The spacings in mm between which distances and volumes are computed without loss.
    public static let measurable = 1e-6...1e6

    /// Whether all three spacings are ``measurable``.
    public var isMeasurable: Bool {
        [x, y, slice].allSatisfy { Self.measurable.contains($0) }
    }

    /// The volume of one voxel in ml.
    public var milliliters: Double { x * y * slice / 1000 }
}

/// Distances in mm between the surfaces of two masks that are not empty, in both directions.
private struct SurfaceDistances {
    /// From each voxel of the prediction's surface to the reference's surface, and the other way round, ascending.
    private let directed: [[Double]]

    init(_ masks: MaskPair, spacing: Volume.Spacing) {
        let transform = DistanceTransform(extent: masks.box, spacing: spacing)
        let surfaces = [masks.surface(of: masks.prediction), masks.surface(of: masks.reference)]
        directed = [0, 1].map { side in
            let squares = transform.squaredDistances(to: surfaces[1 - side])
            var distances: [Double] = []
            for (place, isSurface) in surfaces[side].enumerated() where isSurface {
                distances.append(squares[place].squareRoot())
            }
            return distances.sorted()
        }
    }

    var mean: Double {
        let sum = directed.reduce(0) { $1.reduce($0, +) }
        return sum / Double(directed[0].count + directed[1].count)
    }

    /// The larger of the two directed percentiles.
    func hausdorff(percentile: Double) -> Double {
        directed.map { distances in
            let rank = percentile / 100 * Double(distances.count - 1)
            let below = Int(rank)
            let above = min(below + 1, distances.count - 1)
            return distances[below] + (distances[above] - distances[below]) * (rank - Double(below))
        }.max()!
    }
}

/// Overlap of one structure over all voxels of several cases at once, as if they were one large volume.
///
/// A large heart weighs more than a small one, and slices that the structure does not reach count little: pooled Dice is
/// as a rule higher than the mean of ``StructureScore/dice`` over cases, and the two are not to be compared.
public struct PooledOverlap: Hashable, Sendable, Codable {
    /// Voxels that have the label in both maps, over all cases.
    public private(set) var truePositives = 0
    /// Voxels that have the label in the prediction only, over all cases.
    public private(set) var falsePositives = 0
    /// Voxels that have the label in the reference only, over all cases.
    public private(set) var falseNegatives = 0

    /// No case yet.
    public init() {}

    /// The overlap over several cases.
    public init(_ scores: some Sequence<StructureScore>) {
        for score in scores { add(score) }
    }

    /// Adds the voxels of a case.
    public mutating func add(_ score: StructureScore) {
        truePositives += score.truePositives
        falsePositives += score.falsePositives
        falseNegatives += score.falseNegatives
    }

    /// 2 TP ∕ (2 TP + FP + FN), 0 … 1; `nil` where no map of any case has the label.
    public var dice: Double? {
        let sum = 2 * truePositives + falsePositives + falseNegatives
        return sum == 0 ? nil : Double(2 * truePositives) / Double(sum)
    }
}
