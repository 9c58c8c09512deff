import Foundation
import Volumes

/// The contours of a heart in one short-axis plane at one time, as distances from the axis of the left ventricle.
///
/// Angles are measured from the direction of the right ventricle; tables have ``resolution`` entries per circle.
struct HeartSection: Sendable {
    static let resolution = 180

    /// The contour of the left ventricular cavity; all zero beyond its end.
    private(set) var cavity: [Float]
    /// The outer contour of the left ventricular wall.
    private(set) var wall: [Float]
    /// The outer contour of the right ventricular cavity; equal to `wall` where there is none.
    private(set) var right: [Float]
    /// The level of the plane in the ventricle: 0 at the base, 1 at the end of the cavity.
    let level: Float
    /// Whether the label map shows the left ventricle in this plane.
    let showsLeft: Bool
    /// Whether the label map shows the right ventricle in this plane.
    let showsRight: Bool

    init(of heart: HeartAnatomy, z: Float, contraction: Float) {
        let (base, apex) = (heart.base(at: contraction), heart.apex(at: contraction))
        level = (z - base) / (apex - base)
        showsLeft = z >= base && z <= heart.length
        let radius = Self.interpolated(heart.radius, contraction) * Self.taper(level, widest: heart.widest).squareRoot()
        // Above the base is the atrium, with its thin wall.
        let thickness = level < 0 ? 2.5 : Self.interpolated(heart.wall, contraction)
        let angles = (0..<Self.resolution).map { Float($0) * 2 * .pi / Float(Self.resolution) }

        cavity = Self.cavity(of: heart, radius: radius, level: level, contraction: contraction, at: angles)
        wall = Self.thickness(of: heart, mean: thickness, level: level, contraction: contraction, at: angles)
        if level > 1 {
            // Beyond the cavity, the tip of the wall closes like a dome.
            let depth = (z - apex) / (0.8 * thickness)
            let tip = depth < 1 ? 1.1 * thickness * (1 - depth * depth).squareRoot() : 0
            wall = wall.map { $0 / thickness * tip }
        } else {
            for i in wall.indices { wall[i] += cavity[i] }
        }
        let area = Self.rightArea(of: heart, z: z, contraction: contraction)
        right = Self.right(of: heart, around: wall, area: area, level: level, contraction: contraction, at: angles)
        if !zip(right, wall).contains(where: { $0 - $1 > 3 }) { right = wall }
        showsRight = z >= Self.interpolated(heart.rightBase, contraction)
    }

    /// Returns the value of a table at an angle, −π … π, by linear interpolation.
    static func value(_ table: [Float], at angle: Float) -> Float {
        let place = (angle < 0 ? angle + 2 * .pi : angle) * (Float(resolution) / (2 * .pi))
        let whole = Int(place)
        let (i, t) = (whole % resolution, place - Float(whole))
        let next = i + 1 == resolution ? 0 : i + 1
        return table[i] + (table[next] - table[i]) * t
    }

    /// Returns the label map of the plane: 0 background, 1 right ventricle, 2 myocardium, and 3 left ventricle.
    ///
    /// - Parameter lean: The angle from the front of the body to the right ventricle.
    func labels(over frame: SliceCanvas.Frame, lean: Float) -> [UInt8] {
        var labels = [UInt8](repeating: 0, count: frame.columns * frame.rows)
        guard showsLeft || showsRight, let reach = right.max() else { return labels }
        let (columns, rows) = frame.pixels(around: 0, 0, reach: reach)
        for y in rows {
            for x in columns {
                let (p, q) = frame.point(x, y)
                let radius = (p * p + q * q).squareRoot()
                guard radius < reach else { continue }
                let angle = remainder(atan2(q, p) - lean, 2 * Float.pi)
                let label: UInt8
                if radius < Self.value(cavity, at: angle) {
                    label = showsLeft ? 3 : 0
                } else if radius < Self.value(wall, at: angle) {
                    label = showsLeft ? 2 : 0
                } else {
                    label = showsRight && radius < Self.value(right, at: angle) ? 1 : 0
                }
                labels[y * frame.columns + x] = label
            }
        }
        return labels
    }

    private static func interpolated(_ ends: (diastole: Float, systole: Float), _ contraction: Float) -> Float {
        ends.diastole + (ends.systole - ends.diastole) * contraction
    }

    /// Returns the cavity area relative to the middle slice: that of a truncated ellipsoid.
    private static func taper(_ level: Float, widest: Float) -> Float {
        func area(_ level: Float) -> Float {
            let away = (level - widest) / (1 - widest)
            return 1 - away * away
        }
        return max(0, area(min(max(level, 0), 1)) / area(0.5))
    }

    /// Returns the contour of the cavity, whose area is that of a circle of the given radius.
    private static func cavity(
        of heart: HeartAnatomy, radius: Float, level: Float, contraction: Float, at angles: [Float]
    ) -> [Float] {
        guard radius > 0, level <= 1 else { return angles.map { _ in 0 } }
        let stay = heart.radius.diastole / heart.radius.systole - 1
        var outline = angles.map { angle in
            var value = 1 + heart.cavityShape(angle)
            let fromSeptum = abs(remainder(angle, 2 * Float.pi))
            value -= heart.septalFlattening * exp(-(fromSeptum * fromSeptum) / 0.5)
            // A scar keeps its diastolic position.
            if let scar = heart.scar { value += 0.9 * stay * contraction * scar.share(angle: angle, level: level) }
            return value
        }
        let meanSquare = outline.reduce(0) { $0 + $1 * $1 } / Float(outline.count)
        let scale = radius / meanSquare.squareRoot()
        for i in outline.indices { outline[i] *= scale }
        return outline
    }

    /// Returns the wall thickness around the ventricle.
    private static func thickness(
        of heart: HeartAnatomy, mean: Float, level: Float, contraction: Float, at angles: [Float]
    ) -> [Float] {
        let along = min(max(level, 0), 1)
        // Measured: thickest below the base, thinning toward the apex, and less so in systole.
        let profile = (1.11 - 0.36 * along * along) * (1 - contraction) + (1.05 - 0.2 * along * along) * contraction
        var table = angles.map { angle in
            let away = remainder(angle - heart.bulge.angle, 2 * Float.pi) / heart.bulge.width
            var value = 1 + heart.wallShape(angle) + (1 - 0.4 * contraction) * heart.bulge.height * exp(-away * away)
            if let scar = heart.scar {
                value *= 1 - scar.share(angle: angle, level: level) * (0.18 + 0.25 * contraction)
            }
            return value
        }
        let scale = mean * profile * Float(table.count) / table.reduce(0, +)
        for i in table.indices { table[i] *= scale }
        return table
    }

    /// Returns the cross-sectional area of the right ventricle at z in mm²; its integral over z is the volume.
    private static func rightArea(of heart: HeartAnatomy, z: Float, contraction: Float) -> Float {
        let base = interpolated(heart.rightBase, contraction)
        let span = heart.rightApex - base
        let place = max(0, (z - base) / span)  // Above the base, the atrium is as wide.
        guard place < 1 else { return 0 }
        let slender: [Float] = [1, 0.93, 0.68, 0.42, 0.2, 0.02]
        let full: [Float] = [0.95, 1, 0.86, 0.63, 0.42, 0.15]
        let profile = zip(slender, full).map { max(0, $0 + ($1 - $0) * heart.rightFullness) }
        let mean = (profile.reduce(0, +) - (profile[0] + profile[5]) / 2) / 5
        let (i, t) = (Int(place * 5), place * 5 - Float(Int(place * 5)))
        let relative = profile[i] + (profile[i + 1] - profile[i]) * t
        return relative / mean * interpolated(heart.rightVolume, contraction) / span
    }

    /// Returns the outer contour of the right ventricle: a crescent of the given area outside the left ventricular
    /// wall.
    private static func right(
        of heart: HeartAnatomy, around wall: [Float], area: Float, level: Float, contraction: Float, at angles: [Float]
    ) -> [Float] {
        guard area > 0 else { return wall }
        let along = min(max(level, 0), 1)
        let half = heart.rightHalfAngle * (1 - 0.44 * along) * (1 - 0.05 * contraction)
        let shape = angles.map { angle -> Float in
            let away = remainder(angle - heart.rightSkew, 2 * Float.pi) / half
            return abs(away) < 1 ? pow(1 - away * away, 1 + 0.4 * along) : 0
        }
        // ∫ ((wall + T·shape)² − wall²)/2 = area is a quadratic equation in the depth T.
        let step = 2 * Float.pi / Float(angles.count)
        var (linear, square): (Float, Float) = (0, 0)
        for i in shape.indices {
            linear += wall[i] * shape[i] * step
            square += shape[i] * shape[i] * step / 2
        }
        let depth = ((linear * linear + 4 * square * area).squareRoot() - linear) / (2 * square)
        return zip(wall, shape).map { $0 + depth * $1 }
    }
}
