import Foundation
import Randomness
import Volumes

/// A simulated scan of a ``WholeHeartModel``: a grid in the body, and the intensities on it.
///
/// The distributions follow known properties of the HVSMR 2016 images: a box around the heart; axes that run to the
/// back, the feet, and the right; blood at 0.64 to 0.82, muscle at half that, and the rest mostly dark.
struct WholeHeartScan: Sendable {
    let model: WholeHeartModel
    let extent: Volume.Extent
    let spacing: Volume.Spacing
    /// The position of the first voxel: leftmost, foremost, and uppermost.
    private let corner: SIMD3<Float>
    private let blood, muscle, lung, fat, liver, noise, decline: Float
    private let seed: UInt64

    init(of model: WholeHeartModel, spacing: Double, using generator: inout SeededGenerator) {
        self.model = model
        // Single precision, as in a header, so that the spacing survives writing and reading.
        let side = Double(Float(spacing))
        let across = Double(Float(spacing) * generator.uniform(in: 0.85...1.05))
        self.spacing = Volume.Spacing(x: side, y: side, slice: across)
        let margin = SIMD3(generator.uniform(in: 6...18), generator.uniform(in: 4...12), generator.uniform(in: 6...20))
        let (low, high) = (model.box.low - margin, model.box.high + margin)
        let size = high - low
        extent = Volume.Extent(
            x: Int(size.y / Float(side)) + 1, y: Int(size.z / Float(side)) + 1, slices: Int(size.x / Float(across)) + 1)
        corner = high
        blood = generator.uniform(in: 0.6...0.9)
        muscle = blood * generator.uniform(in: 0.5...0.64)
        lung = blood * generator.uniform(in: 0.15...0.3)
        fat = blood * generator.uniform(in: 0.55...0.8)
        liver = muscle * generator.uniform(in: 0.8...1.1)
        noise = generator.uniform(in: 0.012...0.035)
        decline = generator.uniform(in: 0.15...0.5)
        seed = generator.next()
    }

    /// The header geometry with axes to the back, the feet, and the right, as both quaternion and affine.
    var geometry: NIfTI.Geometry {
        var geometry = NIfTI.Geometry()
        (geometry.qformCode, geometry.sformCode) = (2, 1)
        geometry.quaternion = [-0.5, 0.5, -0.5]
        let origin = SIMD3<Double>(-Double(corner.x), Double(corner.y), Double(corner.z))
        geometry.quaternionOffset = origin
        geometry.affineX = [0, 0, spacing.slice, origin.x]
        geometry.affineY = [-spacing.x, 0, 0, origin.y]
        geometry.affineZ = [0, -spacing.y, 0, origin.z]
        return geometry
    }

    /// Renders the image and its label map.
    func rendered() -> (image: Volume, labels: Volume) {
        var generator = SeededGenerator(seed: seed, path: 0)
        let side = Float(spacing.x)
        func field(_ cell: Float, using generator: inout SeededGenerator) -> SmoothField {
            SmoothField(
                width: extent.x, height: extent.y,
                depth: max(2, Int(Float(extent.slices) * Float(spacing.slice) / cell)), cell: max(1, cell / side),
                using: &generator)
        }
        let (texture, bend) = (field(5, using: &generator), field(24, using: &generator))
        var image: [Float] = []
        var labels: [Float] = []
        image.reserveCapacity(extent.count)
        labels.reserveCapacity(extent.count)
        for k in 0..<extent.slices {
            let height = Float(k) / Float(max(extent.slices - 1, 1))
            let (texture, bend) = (texture.slice(at: height), bend.slice(at: height))
            var generator = SeededGenerator(seed: seed, path: 1, k)
            let real = SmoothField(width: extent.x, height: extent.y, cell: 1.25, using: &generator).slice()
            let imaginary = SmoothField(width: extent.x, height: extent.y, cell: 1.25, using: &generator).slice()
            for i in 0..<extent.x * extent.y {
                let point =
                    corner
                    - SIMD3(Float(k) * Float(spacing.slice), Float(i % extent.x) * side, Float(i / extent.x) * side)
                let depths = model.depths(at: point)
                labels.append(depths.label)
                let tissue = signal(at: point, depths, texture: texture[i], bend: bend[i])
                // The coils are on the chest.
                let signal = tissue * exp(decline * point.y / 100)
                let (a, b) = (signal + noise * real[i], noise * imaginary[i])
                image.append((a * a + b * b).squareRoot())
            }
        }
        return (
            Volume(extent: extent, spacing: spacing, voxels: image),
            Volume(extent: extent, spacing: spacing, voxels: labels)
        )
    }

    /// Returns the signal of the tissue at a point, with soft borders.
    private func signal(
        at point: SIMD3<Float>, _ depths: WholeHeartModel.Depths, texture: Float, bend: Float
    ) -> Float {
        var value = lung * (1 + 0.3 * texture)
        func paint(_ intensity: Float, _ depth: Float, edge: Float, mottle: Float) {
            let share = smoothStep(depth / edge + 0.5)
            value += (intensity * (1 + mottle * texture) - value) * share
        }
        let box = model.box
        // Back and spine, liver below the diaphragm, chest wall, and epicardial fat.
        let spine = point - SIMD3(-12, box.low.y - 22, 0)
        paint(liver, 30 + 3 * bend - (spine.x * spine.x + spine.y * spine.y).squareRoot(), edge: 4, mottle: 0.2)
        paint(liver, box.low.z + 6 + 4 * bend - point.z - 0.002 * point.x * point.x, edge: 3, mottle: 0.1)
        paint(fat, point.y - box.high.y + 3 + 4 * bend, edge: 4, mottle: 0.15)
        paint(fat, depths.surface + 2 + 4 * bend, edge: 3, mottle: 0.15)
        paint(0.7 * muscle, depths.hollow + 1.5, edge: 1.5, mottle: 0.1)
        paint(muscle, max(depths.wall, depths.rightWall), edge: 1.6, mottle: 0.08)
        let pool = depths.wall > 0 ? depths.left : max(depths.left, depths.right, depths.hollow)
        paint(blood, pool, edge: 2, mottle: 0.07)
        return value
    }
}
