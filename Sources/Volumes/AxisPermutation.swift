/// A permutation of the axes of a volume and their directions, which leaves every voxel value unchanged.
///
/// ```swift
/// let axial = image.permuted(by: order)
/// axial.permuted(by: order.inverted) == image        // bit for bit
/// ```
public struct AxisPermutation: Hashable, Sendable {
    /// The source axis for x, y, and slices of the result: 0 for x, 1 for y, 2 for slices.
    public let axes: [Int]
    /// Whether the source axis for x, y, and slices of the result is reversed.
    public let isReversed: [Bool]

    /// The permutation that changes nothing.
    public static let identity = AxisPermutation([0, 1, 2])

    /// Creates a permutation of the three axes.
    ///
    /// - Precondition: `axes` contains 0, 1, and 2, each once; `reversed` has three elements.
    public init(_ axes: [Int], reversed: [Bool] = [false, false, false]) {
        precondition(axes.sorted() == [0, 1, 2], "\(axes) is not an order of three axes")
        precondition(reversed.count == 3, "\(reversed.count) directions for three axes")
        (self.axes, isReversed) = (axes, reversed)
    }

    /// The inverse permutation.
    public var inverted: AxisPermutation {
        var (axes, reversed) = ([0, 0, 0], [false, false, false])
        for (target, source) in self.axes.enumerated() {
            axes[source] = target
            reversed[source] = isReversed[target]
        }
        return AxisPermutation(axes, reversed: reversed)
    }

    /// Creates the permutation that stacks slices along `sliceAxis`, oriented by radiological convention.
    ///
    /// In axial slices, columns run to the patient's left and rows to the back. In sagittal slices, columns run to the
    /// back; in coronal slices, to the left; in both, rows run to the feet. Slices run to the left, to the front, or to
    /// the feet: from the base of the heart to its apex. ACDC's slices are stored in this way. An oblique axis counts
    /// as the direction nearest to it.
    ///
    /// - Parameters:
    ///   - sliceAxis: The source axis along which slices are stacked: 0, 1, or 2.
    ///   - orientation: Three letters as given by ``NIfTI/orientation``; if `nil`, the axes keep their order and
    ///     direction, except that `sliceAxis` becomes the last.
    init(slicesAlong sliceAxis: Int, orientation: String?) {
        let others = [0, 1, 2].filter { $0 != sliceAxis }
        guard let letters = orientation.map(Array.init) else {
            self.init(others + [sliceAxis])
            return
        }
        func isAlong(_ pair: String, _ axis: Int) -> Bool { pair.contains(letters[axis]) }
        // Left–right is horizontal, superior–inferior is vertical; anterior–posterior takes the remaining place.
        let isSwapped = isAlong("LR", others[1]) || isAlong("SI", others[0])
        let axes = (isSwapped ? others.reversed() : others) + [sliceAxis]
        let across: Set<Character> = ["R", "A", "S"]
        let along: Set<Character> = ["R", "P", "S"]
        self.init(
            axes, reversed: [across, across, along].enumerated().map { $1.contains(letters[axes[$0]]) })
    }
}

extension Volume {
    /// Returns the volume with its axes permuted; every frame of a cine is permuted in the same way.
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
