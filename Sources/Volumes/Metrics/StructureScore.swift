/// The scores of one segmented structure in one volume.
///
/// **Empty structures.** If neither map has the label, there is nothing to score: ``dice``, ``iou``, ``hd95``, and
/// ``assd`` are `nil`. If only one map has it, overlap is 0 and the distances, which are then undefined, are `nil`. A
/// `nil` score is excluded from means and counted as excluded (see ``ScoreSummary``); no score is ever NaN.
public struct StructureScore: Hashable, Sendable {
    /// The Dice coefficient 2 TP ∕ (2 TP + FP + FN), 0 … 1; `nil` if neither map has the label.
    public var dice: Double?
    /// The Jaccard index TP ∕ (TP + FP + FN), 0 … 1; `nil` if neither map has the label.
    public var iou: Double?
    /// The 95th percentile Hausdorff distance in mm; `nil` unless both maps have the label.
    public var hd95: Double?
    /// The average symmetric surface distance in mm; `nil` unless both maps have the label.
    public var assd: Double?
    /// The number of voxels that have the label in both maps.
    public var truePositives: Int
    /// The number of voxels that have the label in the prediction only.
    public var falsePositives: Int
    /// The number of voxels that have the label in the reference only.
    public var falseNegatives: Int
    /// The number of voxels that have the label in neither map.
    public var trueNegatives: Int
    /// The volume of the structure in the prediction, in ml.
    public var predictedVolume: Double
    /// The volume of the structure in the reference, in ml.
    public var referenceVolume: Double
}

extension StructureScore: Codable {
    /// Encodes every key; a `nil` score becomes `null`.
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
    /// Distances are between surfaces. The surface of a mask is the set of its voxels that have at least one of their
    /// six neighbors outside the mask; positions beyond the grid count as outside. The distance of a surface voxel is
    /// measured in mm from its center to the center of the nearest surface voxel of the other mask.
    /// - ``hd95`` is the larger of two 95th percentiles: of the distances from the prediction's surface and of those
    ///   from the reference's. Percentiles are interpolated linearly at rank 0.95 · (n − 1).
    /// - ``assd`` is the mean over the voxels of both surfaces together.
    ///
    /// These are the definitions of MONAI's `compute_hausdorff_distance(percentile: 95)` and
    /// `compute_average_surface_distance(symmetric: true)`, each with `spacing`; the script
    /// `Tests/VolumesTests/Fixtures/make_metrics.py` compares them. Other programs weight surfaces by area or take the
    /// percentile of both sets together, and report different numbers.
    ///
    /// - Parameters:
    ///   - prediction: The predicted label map; its spacing is not used.
    ///   - reference: The ground-truth label map.
    ///   - label: The label of the structure in both maps.
    /// - Precondition: Both maps have the same size and one frame; the spacing of the reference is within
    ///   `Volume.Spacing.measurable`.
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
    /// The range of spacings in mm for which distances and volumes are computed without loss of precision.
    public static let measurable = 1e-6...1e6

    /// Whether all three spacings are ``measurable``.
    public var isMeasurable: Bool {
        [x, y, slice].allSatisfy { Self.measurable.contains($0) }
    }

    /// The volume of one voxel, in ml.
    public var milliliters: Double { x * y * slice / 1000 }
}

/// The distances in mm between the surfaces of two nonempty masks, in both directions.
private struct SurfaceDistances {
    /// The distances from each voxel of the prediction's surface to the reference's surface, and vice versa, ascending.
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

    /// Returns the larger of the two directed percentiles.
    func hausdorff(percentile: Double) -> Double {
        directed.map { distances in
            let rank = percentile / 100 * Double(distances.count - 1)
            let below = Int(rank)
            let above = min(below + 1, distances.count - 1)
            return distances[below] + (distances[above] - distances[below]) * (rank - Double(below))
        }.max()!
    }
}

/// The overlap of one structure, pooled over the voxels of several cases as if they were one large volume.
///
/// A large heart weighs more than a small one, and slices that the structure does not reach count little: pooled Dice
/// is usually higher than the mean of ``StructureScore/dice`` over cases, and the two must not be compared.
public struct PooledOverlap: Hashable, Sendable, Codable {
    /// The number of voxels that have the label in both maps, over all cases.
    public private(set) var truePositives = 0
    /// The number of voxels that have the label in the prediction only, over all cases.
    public private(set) var falsePositives = 0
    /// The number of voxels that have the label in the reference only, over all cases.
    public private(set) var falseNegatives = 0

    /// Creates the overlap of no cases.
    public init() {}

    /// Creates the overlap over several cases.
    public init(_ scores: some Sequence<StructureScore>) {
        for score in scores { add(score) }
    }

    /// Adds the voxels of a case.
    public mutating func add(_ score: StructureScore) {
        truePositives += score.truePositives
        falsePositives += score.falsePositives
        falseNegatives += score.falseNegatives
    }

    /// The Dice coefficient 2 TP ∕ (2 TP + FP + FN), 0 … 1; `nil` if no map of any case has the label.
    public var dice: Double? {
        let sum = 2 * truePositives + falsePositives + falseNegatives
        return sum == 0 ? nil : Double(2 * truePositives) / Double(sum)
    }
}
