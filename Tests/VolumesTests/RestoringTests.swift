import Tensor
import Testing

@testable import Volumes

@Suite struct RestoringTests {
    /// A disc in a ring beside a half-moon, the size of a heart.
    private func labels(
        _ extent: Volume.Extent, _ spacing: Volume.Spacing, shift: (x: Double, y: Double) = (0, 0)
    ) -> Volume {
        var voxels: [Float] = []
        for k in 0..<extent.slices {
            for y in 0..<extent.y {
                for x in 0..<extent.x {
                    let (u, v) = (
                        (Double(x) - Double(extent.x - 1) / 2) * spacing.x - 4 + Double(k) - shift.x,
                        (Double(y) - Double(extent.y - 1) / 2) * spacing.y + 3 - shift.y
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
        /// The mean position of the disc from the centre of the image, in mm.
        func centre(_ volume: Volume) -> SIMD2<Double> {
            var (sum, count) = (SIMD2<Double>.zero, 0.0)
            for (i, label) in volume.voxels.enumerated() where label == 3 {
                sum += SIMD2(
                    Double(i % volume.extent.x) - Double(volume.extent.x - 1) / 2,
                    Double(i / volume.extent.x) - Double(volume.extent.y - 1) / 2)
                count += 1
            }
            return sum / count * SIMD2(volume.spacing.x, volume.spacing.y)
        }
        // The mean over many places, since which pixels at the edge of one disc belong to it is a matter of chance; its
        // standard error is 0.015 mm, and a shift by half a pixel would be 0.7 mm.
        var deviations: [String: SIMD2<Double>] = [:]
        for step in 0..<100 {
            func place(_ ratio: Double) -> Double {
                16 * (Double(step) * ratio).truncatingRemainder(dividingBy: 1) - 8
            }
            let shift = (x: place(0.618_033_988_7), y: place(0.754_877_666_2))
            let native = labels(
                .init(x: 101, y: 90, slices: 1), .init(x: 1.6, y: 1.6, slice: 10), shift: shift)
            let prepared = Preprocessing(spacing: 1.37, size: 110)(native, labels: native)
            // The same anatomy, drawn on the prepared grid.
            let drawn = labels(
                .init(x: 110, y: 110, slices: 1), .init(x: 1.37, y: 1.37, slice: 10), shift: shift)
            let there = Volume(extent: drawn.extent, spacing: drawn.spacing, voxels: prepared.labels!.map(Float.init))
            let scores = drawn.voxels.flatMap { label in (0..<4).map { Float($0) == label ? Float(1) : 0 } }
            let maps = [
                ("prepared", there), ("restored", prepared.restored(labels: drawn.voxels.map { UInt8($0) })),
                ("restored from scores", prepared.restored(scores: scores, classes: 4)),
            ]
            for (name, map) in maps {
                deviations[name, default: .zero] += (centre(map) - SIMD2(4 + shift.x, -3 + shift.y)) / 100
            }
        }
        for (name, deviation) in deviations {
            #expect(abs(deviation.x) < 0.06 && abs(deviation.y) < 0.06, "\(name): \(deviation) mm")
        }
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
