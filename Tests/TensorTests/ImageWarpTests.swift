import Foundation
import Testing
import _TestSupport

@testable import Tensor

@Suite struct ImageWarpTests {
    private let extents = ImageExtents(height: 7, width: 5, channels: 1)

    private func image(_ extents: ImageExtents) -> Tensor {
        Tensor(random: [extents.height, extents.width, extents.channels], seed: 4)
    }

    private func applied(_ warp: ImageWarp, to image: Tensor) -> Tensor {
        var view = image
        view.withMutableElements { warp.apply(to: $0.baseAddress!) }
        return view
    }

    private func map(
        _ extents: ImageExtents, _ matrix: (Float, Float, Float, Float) = (1, 0, 0, 1),
        shift: (row: Float, column: Float) = (0, 0)
    ) -> ImageWarp {
        ImageWarp(extents: extents, matrix: matrix, shift: shift)
    }

    @Test func theIdentityKeepsTheBits() {
        let image = image(extents)
        #expect(applied(map(extents), to: image).bits == image.bits)
        // Also when it is sampled rather than skipped.
        let moved = applied(map(extents, shift: (2, 0)), to: applied(map(extents, shift: (-2, 0)), to: image))
        #expect(moved.rows(0..<5).bits == image.rows(0..<5).bits)
        #expect(moved.rows(5..<7).elements.allSatisfy { $0 == 0 })
    }

    @Test func mirrorsAndTurnsExactly() {
        let image = image(extents)
        let mirrored = applied(map(extents, (1, 0, 0, -1)), to: image)
        let upsideDown = applied(map(extents, (-1, 0, 0, 1)), to: image)
        let square = ImageExtents(height: 6, width: 6, channels: 1)
        let tile = self.image(square)
        let turned = applied(map(square, (0, -1, 1, 0)), to: tile)
        for row in 0..<7 {
            for column in 0..<5 {
                #expect(mirrored[row, column, 0] == image[row, 4 - column, 0])
                #expect(upsideDown[row, column, 0] == image[6 - row, column, 0])
            }
        }
        for row in 0..<6 {
            for column in 0..<6 { #expect(turned[row, column, 0] == tile[5 - column, row, 0]) }
        }
    }

    @Test(arguments: [1, 3])
    func samplesBilinearlyWithZerosOutside(channels: Int) {
        let extents = ImageExtents(height: 7, width: 5, channels: channels)
        let image = image(extents)
        let angle: Float = 0.6
        let warp = map(
            extents, (cos(angle) * 1.3, -sin(angle) * 1.3, sin(angle) * 1.3, cos(angle) * 1.3), shift: (0.8, -1.1))
        func pixel(_ row: Int, _ column: Int, _ channel: Int) -> Double {
            (0..<7).contains(row) && (0..<5).contains(column) ? Double(image[row, column, channel]) : 0
        }
        var expected: [Double] = []
        for row in 0..<7 {
            for column in 0..<5 {
                let (v, u) = (Double(row) - 3, Double(column) - 2)
                let y = Double(warp.matrix.rowByRow) * v + Double(warp.matrix.rowByColumn) * u + 3 + 0.8
                let x = Double(warp.matrix.columnByRow) * v + Double(warp.matrix.columnByColumn) * u + 2 - 1.1
                let (top, left) = (Int(y.rounded(.down)), Int(x.rounded(.down)))
                let (down, across) = (y - Double(top), x - Double(left))
                for channel in 0..<channels {
                    expected.append(
                        (1 - down) * ((1 - across) * pixel(top, left, channel) + across * pixel(top, left + 1, channel))
                            + down
                            * ((1 - across) * pixel(top + 1, left, channel) + across * pixel(top + 1, left + 1, channel))
                    )
                }
            }
        }
        #expect(difference(applied(warp, to: image), expected, absolute: 1e-5) == nil)
    }

    @Test func whatIsFarOutsideIsZero() {
        for shift in [(100, 0), (-100, 0), (0, 1e9), (0, -1e9)] as [(Float, Float)] {
            let view = applied(map(extents, shift: (row: shift.0, column: shift.1)), to: image(extents))
            #expect(view.elements.allSatisfy { $0 == 0 })
        }
    }

    @Test func equalControlPointsShiftTheImage() {
        func field(_ value: Float) -> SmoothField {
            SmoothField(
                splines: SmoothField.Splines(extents),
                values: Array(repeating: value, count: SmoothField.points * SmoothField.points))
        }
        var warp = map(extents)
        warp.elastic = (field(2), field(-1))
        let image = image(extents)
        let expected = applied(map(extents, shift: (2, -1)), to: image)
        // B-splines add up to one, but for rounding.
        #expect(difference(applied(warp, to: image), expected.elements.map(Double.init), absolute: 1e-5) == nil)
    }

    @Test func aSmoothFieldIsTheSumOverAllControlPoints() {
        let extents = ImageExtents(height: 9, width: 6, channels: 1)
        var generator = SeededGenerator(seed: 5)
        let field = SmoothField(
            splines: SmoothField.Splines(extents), values: (0..<49).map { _ in generator.normal() })
        /// The cubic B-spline around 0.
        func spline(_ x: Double) -> Double {
            let d = abs(x)
            return d < 1 ? 2 / 3 - d * d + d * d * d / 2 : d < 2 ? (2 - d) * (2 - d) * (2 - d) / 6 : 0
        }
        for row in 0..<9 {
            var line = [Float](repeating: 1, count: 6)
            field.add(row: row, to: &line)
            for column in 0..<6 {
                var sum = 1.0
                for i in 0..<7 {
                    for j in 0..<7 {
                        // Control point i lies at cell boundary i − 1; four cells cover the image.
                        let weight =
                            spline((Double(row) + 0.5) / 9 * 4 - Double(i - 1))
                            * spline((Double(column) + 0.5) / 6 * 4 - Double(j - 1))
                        sum += weight * Double(field.values[i * 7 + j])
                    }
                }
                #expect(abs(Double(line[column]) - sum) < 1e-5)
            }
        }
    }
}
