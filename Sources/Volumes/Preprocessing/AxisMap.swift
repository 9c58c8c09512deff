/// Where the samples of one evenly spaced axis lie on another that has the same centre.
///
/// Sample i of the target lies at index `(n − 1)/2 + (i − (m − 1)/2) · step` of the source, for n source and m target
/// samples: both axes have their middle at the same point, and both indices count voxel *centres*.
struct AxisMap: Hashable, Sendable {
    let sourceCount: Int
    let targetCount: Int
    /// Target spacing over source spacing.
    let step: Double

    init(from sourceCount: Int, _ sourceSpacing: Double, to targetCount: Int, _ targetSpacing: Double) {
        self.init(sourceCount: sourceCount, targetCount: targetCount, step: targetSpacing / sourceSpacing)
    }

    private init(sourceCount: Int, targetCount: Int, step: Double) {
        (self.sourceCount, self.targetCount, self.step) = (sourceCount, targetCount, step)
    }

    /// The map in the other direction.
    var inverted: AxisMap { AxisMap(sourceCount: targetCount, targetCount: sourceCount, step: 1 / step) }

    /// The place of target sample `i`, in source samples.
    func position(of i: Int) -> Double {
        Double(sourceCount - 1) / 2 + (Double(i) - Double(targetCount - 1) / 2) * step
    }

    /// Whether target sample `i` lies within the outer edges of the first and the last source sample.
    func isInside(_ i: Int) -> Bool {
        let position = position(of: i)
        return position >= -0.5 && position <= Double(sourceCount) - 0.5
    }

    /// The source sample nearest to each target sample; `nil` outside the source.
    func nearest() -> [Int?] {
        (0..<targetCount).map { i in
            guard isInside(i) else { return nil }
            return min(max(Int((position(of: i) + 0.5).rounded(.down)), 0), sourceCount - 1)
        }
    }
}
