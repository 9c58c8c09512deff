import Foundation
import Tensor
import Testing

@testable import Volumes

/// An image whose intensity is a function of the position in mm from its centre.
private func image(
    _ extent: Volume.Extent, _ spacing: Volume.Spacing, _ value: (Double, Double, Int) -> Double
) -> Volume {
    var voxels: [Float] = []
    for k in 0..<extent.slices {
        for y in 0..<extent.y {
            for x in 0..<extent.x {
                voxels.append(
                    Float(
                        value(
                            (Double(x) - Double(extent.x - 1) / 2) * spacing.x,
                            (Double(y) - Double(extent.y - 1) / 2) * spacing.y, k)))
            }
        }
    }
    return Volume(extent: extent, spacing: spacing, voxels: voxels)
}

@Suite struct PreprocessingTests {
    struct Geometry: Sendable {
        var (x, y): (Int, Int)
        var (dx, dy): (Double, Double)
        var spacing: Double
        var size: Int
    }

    // A half-pixel shift would move the ramp by half a spacing; here its middle stays in the middle.
    @Test(
        "A linear ramp stays the same linear ramp in millimetres",
        arguments: [
            Geometry(x: 31, y: 40, dx: 1.5625, dy: 1.5625, spacing: 1.37, size: 24),  // crop
            Geometry(x: 21, y: 18, dx: 1.9, dy: 1.7, spacing: 1.37, size: 40),  // pad
            Geometry(x: 20, y: 33, dx: 1.37, dy: 1.37, spacing: 1.37, size: 25),  // parity differs: half-pixel places
            Geometry(x: 24, y: 24, dx: 1.37, dy: 1.37, spacing: 1.37, size: 24),  // identity
            Geometry(x: 7, y: 50, dx: 2, dy: 2, spacing: 0.5, size: 33),
        ])
    func ramp(_ geometry: Geometry) {
        let extent = Volume.Extent(x: geometry.x, y: geometry.y, slices: 2)
        let spacing = Volume.Spacing(x: geometry.dx, y: geometry.dy, slice: 10)
        func ramp(_ x: Double, _ y: Double, _ k: Int) -> Double { 0.3 * x - 0.8 * y + 5 * Double(k) }
        let image = image(extent, spacing, ramp)
        let (low, high) = (Double(image.voxels.min()!), Double(image.voxels.max()!))
        let prepared = Preprocessing(
            spacing: geometry.spacing, size: geometry.size, intensityPercentiles: 0...100)(image)
        #expect(prepared.pixels.count == 2 * geometry.size * geometry.size)

        let middle = Double(geometry.size - 1) / 2
        let (halfX, halfY) = (Double(geometry.x) / 2 * geometry.dx, Double(geometry.y) / 2 * geometry.dy)
        var (worst, outside): (Double, Float) = (0, 0)
        for (i, pixel) in prepared.pixels.enumerated() {
            let (k, row, column) = (
                i / (geometry.size * geometry.size), i / geometry.size % geometry.size, i % geometry.size
            )
            let (x, y) = ((Double(column) - middle) * geometry.spacing, (Double(row) - middle) * geometry.spacing)
            // Between the outermost voxel centres, linear interpolation has both neighbours.
            if abs(x) <= halfX - geometry.dx / 2, abs(y) <= halfY - geometry.dy / 2 {
                worst = max(worst, abs(Double(pixel) - (ramp(x, y, k) - low) / (high - low)))
            } else if abs(x) > halfX || abs(y) > halfY {
                outside = max(outside, pixel)
            }
        }
        #expect(worst < 2e-6)
        #expect(outside == 0, "there is no signal outside the field of view")
    }

    @Test("Minifying neither shifts a ramp nor changes a constant")
    func minifiedRamp() {
        let extent = Volume.Extent(x: 90, y: 90, slices: 1)
        let image = image(extent, .init(x: 0.7, y: 0.7, slice: 5)) { x, _, _ in x }
        let half = Float(89.0 / 2 * 0.7)
        let prepared = Preprocessing(spacing: 1.37, size: 31, intensityPercentiles: 0...100)(image)
        var mean: Float = 0
        for column in 0..<31 {
            let x = (Float(column) - 15) * 1.37
            let error = prepared.pixels[15 * 31 + column] * 2 * half - half - x
            #expect(abs(error) < 0.06, "column \(column)")
            mean += error / 31
        }
        #expect(abs(mean) < 1e-4)
    }

    // Golden values: PIL.Image.fromarray(row).resize((n, 1), PIL.Image.BILINEAR), Pillow 12.
    @Test(
        "The antialiased filter is Pillow's",
        arguments: [
            (4, [1.914_285_7, 4.341_463_6, 5.682_926_7, 5.685_714_2]), (3, [2.625, 4.888_888_8, 5.875]),
            (
                13,
                [
                    0, 2.153_846_3, 3.307_692_3, 1.230_769_3, 4.692_307_5, 5.769_230_8, 3, 7.153_846_3, 6.307_692_5,
                    2.461_538_6, 6.615_384_6, 6.615_384_6, 5,
                ]
            ),
        ])
    func pillow(count: Int, expected: [Float]) {
        let map = AxisMap(from: 9, Double(count), to: count, 9)
        let single = LinearFilter(AxisMap(from: 1, 1, to: 1, 1))
        let row = LinearFilter.apply(
            rows: single, columns: LinearFilter(map), to: [0, 4, 1, 7, 3, 9, 2, 8, 5], channels: 1)
        #expect(zip(row, expected).allSatisfy { abs($0 - $1) < 2e-6 }, "\(row)")
    }

    @Test("A fine checkerboard becomes grey instead of a coarse checkerboard")
    func antialiasing() {
        let image = Volume(
            extent: .init(x: 64, y: 64, slices: 1), spacing: .init(x: 1, y: 1, slice: 8),
            voxels: (0..<4096).map { (i: Int) -> Float in (i + i / 64) % 2 == 0 ? 0 : 1 })
        let prepared = Preprocessing(spacing: 4.1, size: 12)(image)
        #expect(prepared.pixels.allSatisfy { abs($0 - 0.5) < 0.02 })
    }

    @Test("x becomes the column, y the row, and slices keep their order")
    func axes() {
        var voxels = [Float](repeating: 0, count: 8 * 6 * 3)
        voxels[2 * 48 + 1 * 8 + 5] = 1  // x 5, y 1, slice 2
        let image = Volume(extent: .init(x: 8, y: 6, slices: 3), spacing: .init(x: 2, y: 2, slice: 9), voxels: voxels)
        let prepared = Preprocessing(spacing: 2, size: 6, intensityPercentiles: 0...100)(image, labels: image)
        // x 5 of 8 is column 4 of the middle 6.
        #expect(prepared.pixels.firstIndex(of: 1) == 2 * 36 + 1 * 6 + 4)
        #expect(prepared.labels?.firstIndex(of: 1) == 2 * 36 + 1 * 6 + 4)
        #expect(prepared.pixels.reduce(0, +) == 1)
        #expect(prepared.slice(2).reduce(0, +) == 1)
        #expect(prepared.sliceCount == 3 && prepared.size == 6)
    }

    @Test("Percentiles are those of the central square, and intensities are clamped")
    func window() {
        // 12 × 10 voxels of 2 × 3 mm; the central 12 mm are 6 × 4 of them, in both slices.
        let extent = Volume.Extent(x: 12, y: 10, slices: 2)
        let voxels = (0..<extent.count).map { place -> Float in
            let (x, y) = (place % 12, place / 12 % 10)
            return (3..<9).contains(x) && (3..<7).contains(y) ? Float(100 + place % 7) : Float(x == 0 ? -5000 : 5000)
        }
        let image = Volume(extent: extent, spacing: .init(x: 2, y: 3, slice: 8), voxels: voxels)
        let prepared = Preprocessing(
            spacing: 1, size: 24, intensityPercentiles: 0...100, intensityWindow: 12, intensityRange: -0.5...2)(image)
        #expect(prepared.pixels.max() == 2 && prepared.pixels.min() == -0.5)
        let middle = prepared.pixels[12 * 24 + 8..<12 * 24 + 16]
        #expect(middle.allSatisfy { $0 >= 0 && $0 <= 1 } && middle.contains { $0 > 0.5 })
        let whole = Preprocessing(spacing: 1, size: 24, intensityPercentiles: 0...100, intensityWindow: nil)(image)
        #expect(whole.pixels.max() == 1)
    }

    @Test("Each pixel takes the label with the largest part in it")
    func labels() {
        let extent = Volume.Extent(x: 6, y: 6, slices: 2)
        var voxels = [Float](repeating: 0, count: 72)
        for y in 0..<6 { for x in 0..<6 { voxels[36 + y * 6 + x] = x < 3 ? (y < 4 ? 9 : 2) : (x == 3 ? 255 : 0) } }
        let labels = Volume(extent: extent, spacing: .init(x: 1, y: 1, slice: 8), voxels: voxels)
        let same = Preprocessing(spacing: 1, size: 6)(labels, labels: labels)
        #expect(same.labels == voxels.map { UInt8($0) })
        // At half the spacing, an edge lies between two pixels, and the column of 255 is two pixels wide.
        let fine = Preprocessing(spacing: 0.5, size: 12)(labels, labels: labels)
        #expect(Array(fine.labels![144..<156]) == [9, 9, 9, 9, 9, 9, 255, 255, 0, 0, 0, 0])
        #expect(fine.labels![..<144].allSatisfy { $0 == 0 })
        #expect(fine.labels![144 + 8 * 12] == 2)
    }

    @Test("Settings of earlier versions keep their meaning")
    func decoding() throws {
        let old = Data(#"{"intensityPercentiles":[1,99],"size":128,"spacing":1.75}"#.utf8)
        #expect(
            try JSONDecoder().decode(Preprocessing.self, from: old)
                == Preprocessing(spacing: 1.75, size: 128, intensityWindow: nil, intensityRange: 0...1))
        for preprocessing in [Preprocessing(), Preprocessing(intensityWindow: nil, intensityRange: -1...3)] {
            let data = try JSONEncoder().encode(preprocessing)
            #expect(try JSONDecoder().decode(Preprocessing.self, from: data) == preprocessing)
        }
        for wrong in [
            #"{"intensityPercentiles":[1,99],"size":0,"spacing":1}"#,
            #"{"intensityPercentiles":[-1,99],"size":8,"spacing":1}"#,
            #"{"intensityPercentiles":[1,99],"size":8,"spacing":1,"intensityWindow":-3}"#,
            #"{"intensityPercentiles":[1,99],"size":8,"spacing":1,"intensityRange":[1,2]}"#,
            #"{"intensityPercentiles":[1,99],"size":8,"spacing":-1}"#,
        ] {
            #expect(throws: DecodingError.self) {
                try JSONDecoder().decode(Preprocessing.self, from: Data(wrong.utf8))
            }
        }
    }

    @Test("Intensities are clipped at the percentiles of the whole volume")
    func intensities() {
        let voxels = (0..<400).map { Float($0 == 7 ? 1_000_000 : $0) }
        let image = Volume(extent: .init(x: 10, y: 10, slices: 4), spacing: .init(x: 1, y: 1, slice: 1), voxels: voxels)
        let prepared = Preprocessing(
            spacing: 1, size: 10, intensityPercentiles: 1...99, intensityWindow: nil, intensityRange: 0...1)(image)
        let percentiles = Percentiles(of: voxels)
        let (low, high) = (percentiles[1], percentiles[99])
        let worst = zip(prepared.pixels, voxels).map { pixel, voxel in
            abs(pixel - (min(max(voxel, low), high) - low) / (high - low))
        }.max()!
        #expect(worst < 1e-6)
        #expect(prepared.pixels.min() == 0 && prepared.pixels[7] == 1)
    }

    @Test("Constant images and voxels that are no numbers become finite pixels")
    func degenerate() {
        let extent = Volume.Extent(x: 5, y: 5, slices: 1)
        let constant = Volume(
            extent: extent, spacing: .init(x: 1, y: 1, slice: 1), voxels: .init(repeating: 7, count: 25))
        #expect(Preprocessing(spacing: 1, size: 5)(constant).pixels.allSatisfy { $0 == 0 })

        var odd = constant
        odd.voxels = (0..<25).map(Float.init)
        (odd.voxels[3], odd.voxels[4], odd.voxels[12]) = (.nan, .infinity, -.infinity)
        let prepared = Preprocessing(spacing: 1, size: 5)(odd, labels: odd)
        #expect(prepared.pixels.allSatisfy { $0 >= 0 && $0 <= 2 })
        #expect(prepared.labels?[12] == 0)

        // Spacings that only a damaged header has.
        for spacing in [1e-38, 1e38] {
            var strange = constant
            strange.spacing = .init(x: spacing, y: spacing, slice: 1)
            #expect(Preprocessing(size: 3)(strange).pixels.count == 9)
        }
    }
}
