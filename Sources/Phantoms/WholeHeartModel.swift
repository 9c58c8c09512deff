import Foundation
import Randomness
import Volumes

/// A whole heart in its anatomical orientation, with atria and great vessels around the ventricles of ``HeartAnatomy``.
///
/// Points are in mm from the middle of the left ventricle's axis, toward the patient's left, front, and head. The axis
/// points to the left, the front, and the feet, so that axial slices cut the heart obliquely, as in patients. The
/// shapes and positions of atria and vessels are this package's own choice.
struct WholeHeartModel: Sendable {
    let heart: HeartAnatomy
    /// The size relative to the adult anatomy.
    let scale: Float
    /// The atria, followed by the vessels.
    let hollows: [Hollow]
    /// The corners of the bounding box of the ventricles and the atria.
    let box: (low: SIMD3<Float>, high: SIMD3<Float>)

    private let sections: [HeartSection]
    private let contraction: Float = 0.3
    private let lean: Float
    /// The directions of the short-axis frame: toward the front, the left lung, and the apex.
    private let p, q, z: SIMD3<Float>
    private static let above: Float = 10

    /// The depths of a point in the tissues, in mm; negative outside.
    struct Depths {
        /// The depth in the cavity of the left ventricle.
        var left: Float
        /// The depth in the wall and cavity of the left ventricle.
        var wall: Float
        /// The depth in the cavity of the right ventricle.
        var right: Float
        /// The depth in the wall and cavity of the right ventricle.
        var rightWall: Float
        /// The depth in the atria and vessels.
        var hollow: Float

        /// The label: 0 background, 1 myocardium of both ventricles, and 2 blood pool.
        var label: Float {
            if left > 0 { return 2 }
            if wall > 0 { return 1 }
            return right > 0 || hollow > 0 ? 2 : rightWall > 0 ? 1 : 0
        }

        /// The depth below the surface of the whole heart.
        var surface: Float { max(wall, rightWall, hollow) }
    }

    init(group: ACDC.Group, using generator: inout SeededGenerator) {
        let heart = HeartAnatomy(group: group, using: &generator)
        self.heart = heart
        scale = generator.uniform(in: 0.72...0.95)
        lean = -Spread(0.35, 0.14, 0.05...0.65).draw(using: &generator)
        let (contraction, length) = (contraction, heart.length)
        let end = length + heart.wall.diastole + 2
        sections = (0...Int(end + Self.above)).map {
            HeartSection(of: heart, z: Float($0) - Self.above, contraction: contraction)
        }

        func unit(_ v: SIMD3<Float>) -> SIMD3<Float> { v / (v * v).sum().squareRoot() }
        func vary(_ deviation: Float) -> SIMD3<Float> {
            SIMD3(generator.normal(), generator.normal(), generator.normal()) * deviation
        }
        let z = unit(SIMD3(0.64, 0.52, -0.57) + vary(0.07))
        let q = unit(SIMD3(0, 0, 1) - z * z.z)
        // The short-axis frame is left-handed, like the frame of left, front, and head.
        let p = SIMD3(q.y * z.z - q.z * z.y, q.z * z.x - q.x * z.z, q.x * z.y - q.y * z.x)
        (self.p, self.q, self.z) = (p, q, z)

        func point(_ along: Float, _ up: Float, _ level: Float) -> SIMD3<Float> {
            p * along + q * up + z * (level - length / 2)
        }
        let tilt = lean
        let base = heart.base(at: contraction)
        let middle = HeartSection(of: heart, z: base + 5, contraction: contraction)
        // The center of the right ventricular opening.
        let off = (middle.wall[0] + middle.right[0]) / 2
        let rightBase = point(off * cos(tilt), off * sin(tilt), heart.rightBase.diastole)
        let leftAtrium = point(-9, 0, base - 19) + vary(2)
        let rightAtrium = rightBase - z * 16 + vary(2)
        let outflow = point(5, 6, base - 2)
        let arch = outflow + SIMD3(-14, 2, 34) + vary(3)
        let pulmonary = rightBase + q * 22 + z * 6
        let fork = outflow + SIMD3(14, -6, 40) + vary(3)
        let aorta = generator.uniform(in: 11...15)
        let trunk = generator.uniform(in: 11...15)
        let descending = leftAtrium + SIMD3(14, -44, 0) + vary(4)
        let up = SIMD3<Float>(0, 0, 1)
        let atria = [
            Hollow(centre: leftAtrium, semiAxes: SIMD3(30, 23, 25) + vary(2)),
            Hollow(centre: rightAtrium, semiAxes: SIMD3(24, 25, 28) + vary(2)),
            Hollow(from: rightAtrium, to: rightBase + z * 6, radius: 17),
            Hollow(from: leftAtrium, to: point(0, 0, base + 4), radius: 15),
        ]
        let vessels = [
            Hollow(from: outflow, to: arch, radius: aorta + 1),
            Hollow(from: arch, to: arch + SIMD3(-2, -6, 70), radius: aorta),
            Hollow(from: descending - up * 120, to: descending + up * 110, radius: aorta - 3),
            Hollow(from: pulmonary, to: fork, radius: trunk),
            Hollow(from: fork, to: fork + SIMD3(45, -30, 4), radius: trunk - 4),
            Hollow(from: fork, to: fork + SIMD3(-75, -22, -2), radius: trunk - 4),
            Hollow(from: rightAtrium + SIMD3(-4, -6, 10), to: rightAtrium + SIMD3(-6, -8, 120), radius: 9),
            Hollow(from: rightAtrium - up * 12, to: rightAtrium + SIMD3(-3, -8, -110), radius: 11),
            Hollow(from: leftAtrium, to: leftAtrium + SIMD3(62, -18, 16), radius: 6),
            Hollow(from: leftAtrium, to: leftAtrium + SIMD3(60, -22, -14), radius: 6),
            Hollow(from: leftAtrium, to: leftAtrium + SIMD3(-66, -14, 14), radius: 6),
            Hollow(from: leftAtrium, to: leftAtrium + SIMD3(-64, -18, -12), radius: 6),
        ]
        hollows = atria + vessels

        var (low, high) = (leftAtrium, leftAtrium)
        for hollow in atria {
            (low, high) = (pointwiseMin(low, hollow.box.low), pointwiseMax(high, hollow.box.high))
        }
        for (k, section) in sections.enumerated() where Float(k) >= Self.above {
            for i in stride(from: 0, to: HeartSection.resolution, by: 10) {
                let angle = Float(i) * 2 * .pi / Float(HeartSection.resolution) + tilt
                let radius = section.right[i] + 3
                let corner = point(radius * cos(angle), radius * sin(angle), Float(k) - Self.above)
                (low, high) = (pointwiseMin(low, corner), pointwiseMax(high, corner))
            }
        }
        box = (low * scale, high * scale)
    }

    /// Returns the depths of a point in the tissues.
    func depths(at point: SIMD3<Float>) -> Depths {
        let point = point / scale
        let level = (point * z).sum() + heart.length / 2
        let hollow = hollows.reduce(-Float.infinity) { max($0, $1.depth(of: point)) } * scale
        let (x, y) = ((point * p).sum(), (point * q).sum())
        let index = Int((level + Self.above).rounded())
        guard index >= 0 else {
            return Depths(left: -99, wall: -99, right: -99, rightWall: -99, hollow: hollow)
        }
        let section = sections[min(index, sections.count - 1)]
        let beyond = Float(sections.count - 1) - Self.above - level
        let radius = (x * x + y * y).squareRoot()
        let angle = remainder(atan2(y, x) - lean, 2 * Float.pi)
        let (cavity, wall, right) = (
            HeartSection.value(section.cavity, at: angle), HeartSection.value(section.wall, at: angle),
            HeartSection.value(section.right, at: angle)
        )
        let (leftTop, rightTop) = (level - heart.base(at: contraction), level - heart.rightBase.diastole)
        // The left ventricle closes like a dome at its base. Both ventricles have a wall there, except at the openings
        // to atria and vessels.
        let share = cavity > 0 ? min(radius / cavity, 1) : 1
        let roof = leftTop + 8 * (1 - share * share)
        let left = min(cavity - radius, roof)
        let leftWall = min(wall - radius, roof + 4, beyond)
        let hasRight = right - wall > 1
        return Depths(
            left: left * scale,
            wall: (roof < 0 ? min(leftWall, -hollow / scale) : leftWall) * scale,
            right: hasRight ? min(right - radius, radius - wall, rightTop) * scale : -99,
            rightWall: hasRight ? min(right + 4 - radius, rightTop + 4, beyond) * scale : -99,
            hollow: hollow)
    }
}
