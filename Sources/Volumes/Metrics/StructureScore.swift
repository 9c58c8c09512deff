/// How well one structure was segmented in one volume.
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
