/// The removal of what no heart has from a label map: parts of the ventricles far from the heart, and holes.
///
/// 1. Of left ventricle and myocardium together, the largest connected component remains; in all reference label maps
///    of ACDC they are one.
/// 2. Of the right ventricle, the components remain that have at least `fraction` of the voxels of the largest one and
///    are at most `distance` mm from what remains of the left ventricle and the myocardium.
/// 3. What left ventricle and myocardium enclose in a slice becomes left ventricle.
///
/// Two voxels are connected if they share a face. What is removed becomes background.
///
/// ```swift
/// let cleaned = CardiacCleanUp()(model.labels(of: image))
/// ```
public struct CardiacCleanUp: Hashable, Sendable {
    /// The labels of the structures.
    public var structures: CardiacLabels
    /// The size of the smallest component of the right ventricle that remains, as a fraction of the largest one.
    public var fraction = 0.1
    /// The largest distance of a component of the right ventricle that remains, in mm.
    public var distance = 25.0

    /// Creates a rule for some labels, by default those of ``ACDC``.
    public init(_ structures: CardiacLabels = .acdc) { self.structures = structures }

    /// Returns the label map without what no heart has.
    ///
    /// - Precondition: One frame.
    /// - Complexity: O(voxels).
    public func callAsFunction(_ labels: Volume) -> Volume {
        precondition(labels.extent.frames == 1, "labels of \(labels.extent) have several frames; clean them singly")
        var result = labels
        let heart = keepLargestHeart(in: &result)
        keepRightVentricle(near: heart, in: &result)
        fillHoles(of: heart, in: &result)
        return result
    }

    /// Removes all but the largest component of left ventricle and myocardium, and returns that.
    private func keepLargestHeart(in labels: inout Volume) -> [Bool] {
        let (left, muscle) = (Float(structures.leftVentricle), Float(structures.myocardium))
        let members = labels.voxels.map { $0 == left || $0 == muscle }
        let components = ConnectedComponents(of: members, extent: labels.extent)
        guard let largest = components.largest else { return members }
        let heart = components.component.map { $0 == largest }
        for place in members.indices where members[place] && !heart[place] { labels.voxels[place] = 0 }
        return heart
    }

    /// Removes the small and the distant components of the right ventricle.
    private func keepRightVentricle(near heart: [Bool], in labels: inout Volume) {
        let right = Float(structures.rightVentricle)
        let components = ConnectedComponents(of: labels.voxels.map { $0 == right }, extent: labels.extent)
        guard let most = components.sizes.max() else { return }
        var nearest = [Double](repeating: .infinity, count: components.sizes.count)
        if heart.contains(true) {
            let squares = DistanceTransform(extent: labels.extent, spacing: labels.spacing)
                .squaredDistances(to: heart)
            for (place, component) in components.component.enumerated() where component > 0 {
                nearest[Int(component) - 1] = min(nearest[Int(component) - 1], squares[place])
            }
        } else {
            nearest = nearest.map { _ in 0 }
        }
        let remains = components.sizes.indices.map {
            Double(components.sizes[$0]) >= fraction * Double(most) && nearest[$0] <= distance * distance
        }
        for (place, component) in components.component.enumerated() where component > 0 {
            if !remains[Int(component) - 1] { labels.voxels[place] = 0 }
        }
    }

    /// Makes left ventricle of all that lies between the heart's voxels of a slice: what is not connected with the
    /// slice's edge.
    private func fillHoles(of heart: [Bool], in labels: inout Volume) {
        let extent = labels.extent
        let outside = ConnectedComponents(of: heart.map { !$0 }, extent: extent, acrossSlices: false)
        var touchesEdge = [Bool](repeating: false, count: outside.sizes.count)
        for (place, component) in outside.component.enumerated() where component > 0 {
            let (x, y) = (place % extent.x, place / extent.x % extent.y)
            if x == 0 || y == 0 || x == extent.x - 1 || y == extent.y - 1 { touchesEdge[Int(component) - 1] = true }
        }
        for (place, component) in outside.component.enumerated() where component > 0 {
            if !touchesEdge[Int(component) - 1] { labels.voxels[place] = Float(structures.leftVentricle) }
        }
    }
}
