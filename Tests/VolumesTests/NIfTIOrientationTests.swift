import Testing
import Volumes

@Suite("Orientation of NIfTI images")
struct NIfTIOrientationTests {
    private func image(_ change: (inout NIfTI.Geometry) -> Void) -> NIfTI {
        let volume = Volume(extent: .init(x: 1, y: 1, slices: 1), spacing: .init(x: 1.5, y: 2, slice: 8), voxels: [0])
        var image = NIfTI(volume: volume)
        change(&image.geometry)
        return image
    }

    @Test(
        "an affine as long as the spacing gives directions, oblique ones the nearest",
        arguments: [
            ("RAS", [1.5, 0, 0], [0, 2, 0], [0, 0, 8]), ("LPS", [-1.5, 0, 0], [0, -2, 0], [0, 0, 8]),
            ("PIR", [0, -1.5, 0], [0, 0, -2], [8, 0, 0]), ("SRA", [0, 0, 1.5], [2, 0, 0], [0, 8, 0]),
            // Rotated by 36.87° about z: cosine 0.8, sine 0.6.
            ("RAI", [1.2, 0.9, 0], [-1.2, 1.6, 0], [0, 0, -8]),
            // By 53.13°, so that x points more to the front than to the right.
            ("ALS", [0.9, 1.2, 0], [-1.6, 1.2, 0], [0, 0, 8]),
        ])
    func affine(expected: String, x: [Double], y: [Double], slice: [Double]) {
        let oriented = image {
            $0.sformCode = 1
            $0.affineX = [x[0], y[0], slice[0], 5]
            $0.affineY = [x[1], y[1], slice[1], 6]
            $0.affineZ = [x[2], y[2], slice[2], 7]
        }
        #expect(oriented.orientation == expected)
        // In metres.
        var metric = oriented
        metric.geometry.unitsCode = 1
        metric.geometry.affineX /= 1000
        metric.geometry.affineY /= 1000
        metric.geometry.affineZ /= 1000
        #expect(metric.orientation == expected)
    }

    @Test("an affine that contradicts the spacing, or is not in use, gives none")
    func contradiction() {
        let contradicting = image {
            $0.sformCode = 2
            ($0.affineX, $0.affineY, $0.affineZ) = ([-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 1, 0])
        }
        #expect(contradicting.orientation == nil)
        var withQuaternion = contradicting
        withQuaternion.geometry.qformCode = 1
        #expect(withQuaternion.orientation == "RAS")
        #expect(image { $0.affineX.x = 1.5 }.orientation == nil)
        #expect(image { _ in }.orientation == nil)
    }

    @Test(
        "a quaternion gives directions",
        arguments: [
            ("RAS", 1, [0, 0, 0]), ("LPS", 1, [0, 0, 1]), ("RAI", -1, [0, 0, 0]), ("RPI", 0, [1, 0, 0]),
            // A quarter turn about z; thirds of a turn about the diagonal; slightly too long for a half turn.
            ("ALS", 1, [0, 0, 0.5.squareRoot()]), ("ASR", 1, [0.5, 0.5, 0.5]), ("SRA", 1, [-0.5, -0.5, -0.5]),
            ("LPS", 1, [0, 0, 1.0001]),
        ])
    func quaternion(expected: String, qfac: Double, quaternion: [Double]) {
        let oriented = image {
            $0.qformCode = 1
            $0.qfac = qfac
            $0.quaternion = SIMD3(quaternion)
        }
        #expect(oriented.orientation == expected)
        #expect(
            image {
                $0.qformCode = 1
                $0.quaternion = [.nan, 0, 0]
            }.orientation == nil)
    }
}
