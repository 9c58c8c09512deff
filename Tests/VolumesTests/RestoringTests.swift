import Tensor
import Testing

@testable import Volumes

@Suite struct RestoringTests {
    /// A disc in a ring beside a half-moon, the size of a heart.
    private func labels(_ extent: Volume.Extent, _ spacing: Volume.Spacing) -> Volume {
        var voxels: [Float] = []
        for k in 0..<extent.slices {
            for y in 0..<extent.y {
                for x in 0..<extent.x {
                    let (u, v) = (
                        (Double(x) - Double(extent.x - 1) / 2) * spacing.x - 4 + Double(k),
                        (Double(y) - Double(extent.y - 1) / 2) * spacing.y + 3
                    )
                    let radius = (u * u + v * v).squareRoot()
                    let moon = ((u + 30) * (u + 30) + v * v).squareRoot()
                    voxels.append(radius < 24 ? 3 : radius < 33 ? 2 : moon < 28 ? 1 : 0)
                }
            }
        }
        return Volume(extent: extent, spacing: spacing, voxels: voxels)
    }

    private func dice(_ a: Volume, _ b: Volume, _ label: Float) -> Double {
        var (both, sum) = (0, 0)
        for (x, y) in zip(a.voxels, b.voxels) {
            if x == label, y == label { both += 1 }
            sum += (x == label ? 1 : 0) + (y == label ? 1 : 0)
        }
        return 2 * Double(both) / Double(sum)
    }

    @Test("On the native grid, restoring undoes preparing exactly", arguments: [(30, 40), (40, 40), (33, 47)])
    func identity(size: Int, extent: Int) {
        let native = labels(.init(x: extent, y: 41, slices: 2), .init(x: 3, y: 3, slice: 8))
        let prepared = Preprocessing(spacing: 3, size: 60)(native, labels: native)
        // Of equal parity, pixels lie on voxels; of unequal parity, half-way between two, always the same way.
        #expect(prepared.restored(labels: prepared.labels!).extent == native.extent)
        if extent % 2 == 0 {
            let even = labels(.init(x: extent, y: 40, slices: 2), .init(x: 3, y: 3, slice: 8))
            let prepared = Preprocessing(spacing: 3, size: 60)(even, labels: even)
            #expect(prepared.restored(labels: prepared.labels!) == even)
        }
    }

    @Test("A label map survives the way there and back", arguments: [1.37, 1.5625, 1.92, 0.9])
    func roundTrip(spacing: Double) {
        let native = labels(
            .init(x: Int(130 / spacing), y: Int(151 / spacing), slices: 1), .init(x: spacing, y: spacing, slice: 10))
        let prepared = Preprocessing(size: 96)(native, labels: native)
        let back = prepared.restored(labels: prepared.labels!)
        let scores = prepared.labels!.flatMap { label in (0..<4).map { $0 == Int(label) ? Float(1) : 0 } }
        let smooth = prepared.restored(scores: scores, classes: 4)
        for label in 1...3 {
            #expect(dice(back, native, Float(label)) > 0.95)
            #expect(dice(smooth, native, Float(label)) > 0.95)
        }
        #expect(back.spacing == native.spacing && smooth.extent == native.extent)
    }

    @Test("Neither way shifts: the centre of mass stays")
    func centre() {
        let native = labels(.init(x: 101, y: 90, slices: 1), .init(x: 1.6, y: 1.6, slice: 10))
        let prepared = Preprocessing(size: 110)(native, labels: native)
        let back = prepared.restored(labels: prepared.labels!)
        func centre(_ volume: Volume) -> (Double, Double) {
            var (x, y, n) = (0.0, 0.0, 0.0)
            for (i, label) in volume.voxels.enumerated() where label == 3 {
                x += Double(i % volume.extent.x)
                y += Double(i / volume.extent.x)
                n += 1
            }
            return (x / n, y / n)
        }
        let (before, after) = (centre(native), centre(back))
        #expect(abs(before.0 - after.0) < 0.03 && abs(before.1 - after.1) < 0.03, "\(before) \(after)")
    }

    @Test("Outside the prepared square there is background; equal scores go to the lower class")
    func outside() {
        let native = Volume(
            extent: .init(x: 9, y: 7, slices: 1), spacing: .init(x: 1, y: 1, slice: 1),
            voxels: .init(repeating: 2, count: 63))
        let prepared = Preprocessing(spacing: 1, size: 3)(native, labels: native)
        let expected = (0..<63).map { abs($0 % 9 - 4) <= 1 && abs($0 / 9 - 3) <= 1 ? Float(2) : 0 }
        #expect(prepared.restored(labels: prepared.labels!).voxels == expected)
        let scores = [Float](repeating: 0, count: 9 * 3).enumerated().map { $0.offset % 3 == 0 ? Float(-1) : 0.5 }
        let restored = prepared.restored(scores: scores, classes: 3)
        #expect(restored.voxels == expected.map { $0 > 0 ? 1 : 0 })
    }
}
