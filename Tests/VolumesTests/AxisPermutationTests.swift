import Testing

@testable import Volumes

@Suite struct AxisPermutationTests {
    private static let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]
    private static let directions = (0..<8).map { bits in (0..<3).map { bits >> $0 & 1 == 1 } }

    /// Voxels that tell their indices: 100 slice + 10 y + x, and 1000 more in each frame.
    private func indices(frames: Int = 1) -> Volume {
        let extent = Volume.Extent(x: 4, y: 3, slices: 2, frames: frames)
        let voxels = (0..<extent.count).map { (i: Int) -> Float in
            let (frame, slice, y) = (i / 24, i / 12 % 2, i / 4 % 3)
            return Float(1000 * frame + 100 * slice + 10 * y + i % 4)
        }
        return Volume(extent: extent, spacing: .init(x: 0.7, y: 0.8, slice: 0.9), voxels: voxels)
    }

    @Test("Every voxel goes where the order says, in every order and direction, and comes back")
    func everyOrder() {
        let volume = indices(frames: 2)
        let (counts, units) = ([4, 3, 2], [1, 10, 100])
        for axes in Self.orders {
            for reversed in Self.directions {
                let order = AxisPermutation(axes, reversed: reversed)
                let moved = volume.permuted(by: order)
                var expected: [Float] = []
                for frame in 0..<2 {
                    for k in 0..<counts[axes[2]] {
                        for j in 0..<counts[axes[1]] {
                            for i in 0..<counts[axes[0]] {
                                var value = 1000 * frame
                                for (index, target) in zip([i, j, k], 0..<3) {
                                    let axis = axes[target]
                                    value += units[axis] * (reversed[target] ? counts[axis] - 1 - index : index)
                                }
                                expected.append(Float(value))
                            }
                        }
                    }
                }
                #expect(moved.voxels == expected, "\(order)")
                let lengths = [moved.spacing.x, moved.spacing.y, moved.spacing.slice]
                #expect(lengths == axes.map { [0.7, 0.8, 0.9][$0] })
                #expect(moved.permuted(by: order.inverted) == volume, "\(order)")
                #expect(order.inverted.inverted == order)
            }
        }
        #expect(volume.permuted(by: .identity) == volume)
    }

    @Test("Values that are not numbers survive, bit for bit")
    func bits() {
        var volume = indices()
        volume.voxels[5] = .nan
        volume.voxels[7] = -0.0
        volume.voxels[9] = .leastNonzeroMagnitude
        let order = AxisPermutation([2, 0, 1], reversed: [true, false, true])
        let back = volume.permuted(by: order).permuted(by: order.inverted)
        #expect(back.voxels.map(\.bitPattern) == volume.voxels.map(\.bitPattern))
    }

    @Test(
        "Axial, coronal and sagittal pictures are oriented as in radiology",
        arguments: [
            ("PIR", 1, "LPI"), ("PIR", 0, "LIA"), ("PIR", 2, "PIL"),
            ("LPS", 2, "LPI"), ("LPI", 2, "LPI"), ("RAS", 2, "LPI"), ("RAS", 1, "LIA"), ("RAS", 0, "PIL"),
            ("SAL", 0, "LPI"), ("ASR", 1, "LPI"), ("IRP", 0, "LPI"), ("IRP", 1, "PIL"), ("SRP", 2, "LIA"),
        ])
    func display(orientation: String, sliceAxis: Int, expected: String) {
        let order = AxisPermutation(slicesAlong: sliceAxis, orientation: orientation)
        #expect(order.axes[2] == sliceAxis)
        let opposite: [Character: Character] = ["L": "R", "R": "L", "A": "P", "P": "A", "S": "I", "I": "S"]
        let letters = (0..<3).map { axis in
            let letter = Array(orientation)[order.axes[axis]]
            return order.isReversed[axis] ? opposite[letter]! : letter
        }
        #expect(String(letters) == expected)
    }

    @Test("Without an orientation the axes keep their order, and slices go last")
    func unknown() {
        #expect(AxisPermutation(slicesAlong: 2, orientation: nil) == .identity)
        #expect(AxisPermutation(slicesAlong: 0, orientation: nil) == AxisPermutation([1, 2, 0]))
        #expect(AxisPermutation(slicesAlong: 1, orientation: nil) == AxisPermutation([0, 2, 1]))
    }
}
