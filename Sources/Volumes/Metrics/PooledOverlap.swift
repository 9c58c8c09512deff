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
