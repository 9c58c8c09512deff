/// Another order and direction of the axes of a volume: every voxel keeps its value, none is interpolated.
///
/// ```swift
/// let axial = image.permuted(by: order)
/// axial.permuted(by: order.inverted) == image        // bit for bit
/// ```
public struct AxisPermutation: Hashable, Sendable {
    /// For x, y and slices of the result, the axis of the source: 0 for x, 1 for y, 2 for slices.
    public let axes: [Int]
    /// For x, y and slices of the result, whether the source's axis is run through backwards.
    public let isReversed: [Bool]

    /// Nothing changes.
    public static let identity = AxisPermutation([0, 1, 2])

    /// An order of the three axes.
    ///
    /// - Precondition: `axes` holds 0, 1 and 2 once each; `reversed` has three elements.
    public init(_ axes: [Int], reversed: [Bool] = [false, false, false]) {
        precondition(axes.sorted() == [0, 1, 2], "\(axes) is not an order of three axes")
        precondition(reversed.count == 3, "\(reversed.count) directions for three axes")
        (self.axes, isReversed) = (axes, reversed)
    }

    /// The inverse.
    public var inverted: AxisPermutation {
        var (axes, reversed) = ([0, 0, 0], [false, false, false])
        for (target, source) in self.axes.enumerated() {
            axes[source] = target
            reversed[source] = isReversed[target]
        }
        return AxisPermutation(axes, reversed: reversed)
    }

    /// The order in which slices across `sliceAxis` look like an axial picture does in radiology.
    ///
    /// Columns run to the patient's left, rows to the back; across the other axes, where there is no left or no back,
    /// columns run to the back and rows to the feet. Slices run to the left, to the front or to the feet: from the base
    /// of the heart to its apex. This is how ACDC's slices are stored. An oblique axis counts as the direction to which
    /// it is nearest.
    ///
    /// - Parameters:
    ///   - sliceAxis: The source's axis across which slices are taken: 0, 1 or 2.
    ///   - orientation: Three letters as ``NIfTI/orientation`` gives them; without them, the axes keep their order and
    ///     direction, and `sliceAxis` goes last.
    init(slicesAlong sliceAxis: Int, orientation: String?) {
        let others = [0, 1, 2].filter { $0 != sliceAxis }
        guard let letters = orientation.map(Array.init) else {
            self.init(others + [sliceAxis])
            return
        }
        func isAlong(_ pair: String, _ axis: Int) -> Bool { pair.contains(letters[axis]) }
        // Left and right lie across, head and feet lie upright; front and back take the place that is left.
        let isSwapped = isAlong("LR", others[1]) || isAlong("SI", others[0])
        let axes = (isSwapped ? others.reversed() : others) + [sliceAxis]
        let across: Set<Character> = ["R", "A", "S"]
        let along: Set<Character> = ["R", "P", "S"]
        self.init(
            axes, reversed: [across, across, along].enumerated().map { $1.contains(letters[axes[$0]]) })
    }
}

extension Volume {
    /// The same voxels in another order of the axes; each frame of a cine alike.
    ///
    /// - Complexity: O(voxels).
    public func permuted(by order: AxisPermutation) -> Volume {
        let counts = [extent.x, extent.y, extent.slices]
        let lengths = [spacing.x, spacing.y, spacing.slice]
        let strides = [1, extent.x, extent.x * extent.y]
        let target = Extent(
            x: counts[order.axes[0]], y: counts[order.axes[1]], slices: counts[order.axes[2]], frames: extent.frames)
        let steps = (0..<3).map { order.isReversed[$0] ? -strides[order.axes[$0]] : strides[order.axes[$0]] }
        let corner = (0..<3).reduce(0) { start, axis in
            order.isReversed[axis] ? start + (counts[order.axes[axis]] - 1) * strides[order.axes[axis]] : start
        }
        var moved: [Float] = []
        moved.reserveCapacity(voxels.count)
        voxels.withUnsafeBufferPointer { voxels in
            for frame in 0..<target.frames {
                let start = frame * counts[0] * counts[1] * counts[2] + corner
                for slice in 0..<target.slices {
                    for y in 0..<target.y {
                        let row = start + slice * steps[2] + y * steps[1]
                        for x in 0..<target.x { moved.append(voxels[row + x * steps[0]]) }
                    }
                }
            }
        }
        return Volume(
            extent: target,
            spacing: Spacing(x: lengths[order.axes[0]], y: lengths[order.axes[1]], slice: lengths[order.axes[2]]),
            voxels: moved)
    }
}
