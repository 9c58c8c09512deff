import Foundation
import Randomness
import Volumes

/// The appearance of one slice of a heart, apart from its contours: blood, muscle, trabeculae, and surrounding fat.
struct HeartLook: Sendable {
    let leftBlood: Float
    let rightBlood: Float
    /// The factor by which flow changes the blood signal at end systole.
    let flow: Float
    let muscle: Float
    let fat: Float
    /// The depth of the trabeculae inside the label's contour, which encloses them, in mm by angle.
    let trabeculae: [Float]
    /// The thickness of the epicardial fat, in mm by angle.
    let fatLayer: [Float]

    /// - Parameter gain: The blood signal in this slice relative to the other slices.
    init(
        of heart: HeartAnatomy, z: Float, blood: Float, contrast: Float, rightShare: Float, fat: Float,
        fatness: Float, gain: Float, using generator: inout SeededGenerator
    ) {
        (leftBlood, rightBlood) = (blood * gain, blood * gain * rightShare)
        muscle = blood / contrast
        flow = (1 - 0.34 * heart.ejectionFraction) * Spread(1, 0.13, 0.75...1.25).draw(using: &generator)
        self.fat = fat
        let roughness = Harmonics(
            deviations: [0, 0.3, 0.4, 0.4, 0.4, 0.35, 0.35, 0.3, 0.3, 0.25, 0.2], using: &generator)
        let layer = Harmonics(deviations: [0.8, 0.5, 0.4, 0.3, 0.3], using: &generator)
        let level = z / heart.length
        let angles = (0..<HeartSection.resolution).map { Float($0) * 2 * .pi / Float(HeartSection.resolution) }
        trabeculae = angles.map { angle in
            let lateral = 0.8 - 0.35 * cos(angle)  // The septum is smooth.
            return 3 * lateral * (0.7 + 0.6 * min(max(level, 0), 1)) * max(0, 1 + roughness(angle))
        }
        fatLayer = angles.map { angle in
            // The fat is thickest in the grooves where the right ventricle meets the left one.
            let groove = [heart.rightHalfAngle, -heart.rightHalfAngle].map { side in
                let away = remainder(angle - side, 2 * Float.pi)
                return exp(-away * away / 0.12)
            }
            let front = 0.5 + 0.5 * cos(angle)
            return fatness * max(0, front * (0.6 + layer(angle)) * 6 + 8 * (groove[0] + groove[1]))
        }
    }
}

extension SliceCanvas {
    /// Renders a heart.
    ///
    /// - Parameters:
    ///   - lean: The angle from the front of the body to the right ventricle, measured from p toward q.
    mutating func paint(
        _ section: HeartSection, of heart: HeartAnatomy, look: HeartLook, lean: Float, contraction: Float
    ) {
        let outer = zip(section.wall, section.right).map { $1 - $0 > 1 ? $1 + 3.5 : $0 }
        guard let reach = outer.max(), reach > 0.5 else { return }
        let fat = Tissue(intensity: look.fat, mottle: 0.08, edge: 2, rim: 0.3)
        let muscle = Tissue(intensity: look.muscle, mottle: 0.16, edge: 1.6, rim: 0.25)
        let bloodFactor = 1 + (look.flow - 1) * contraction
        let rightBlood = Tissue(intensity: look.rightBlood * bloodFactor, mottle: 0.2, edge: 2.4)
        let septum = Tissue(intensity: look.muscle, mottle: 0.16, edge: 1.8)
        let leftBlood = Tissue(intensity: look.leftBlood * bloodFactor, mottle: 0.08, edge: 3.2)
        let pillars = section.showsLeft ? papillaryMuscles(of: heart, section, contraction) : []

        let (columns, rows) = frame.pixels(around: 0, 0, reach: reach + 22)
        for y in rows {
            for x in columns {
                let index = y * frame.columns + x
                let (p, q) = frame.point(x, y)
                let radius = (p * p + q * q).squareRoot()
                guard radius < reach + 22 else { continue }
                let angle = remainder(atan2(q, p) - lean, 2 * Float.pi)
                func depth(_ table: [Float]) -> Float { HeartSection.value(table, at: angle) - radius }

                let surface = depth(outer)
                paint(fat, at: index, distance: surface + HeartSection.value(look.fatLayer, at: angle))
                guard surface > -3 else { continue }
                paint(muscle, at: index, distance: surface)
                let (right, wall, cavity) = (depth(section.right), depth(section.wall), depth(section.cavity))
                if right > -2 {
                    // Trabeculae and the moderator band are dark strands in the blood of the right ventricle.
                    let strand =
                        0.8 * smoothStep((texture[index] - 0.1) / 1) * (1 - 0.7 * smoothStep((right - 6) / 10))
                    var blood = rightBlood
                    blood.intensity += (look.muscle - blood.intensity) * strand
                    paint(blood, at: index, distance: min(right, 0.5 - wall))
                }
                if wall > -2 { paint(septum, at: index, distance: wall) }
                if cavity > -2 {
                    let strand =
                        section.showsLeft
                        ? min(HeartSection.value(look.trabeculae, at: angle), 0.38 * (cavity + radius)) : 0
                    paint(leftBlood, at: index, distance: cavity - strand)
                    for pillar in pillars {
                        let away = ((p - pillar.p) * (p - pillar.p) + (q - pillar.q) * (q - pillar.q)).squareRoot()
                        paint(septum, at: index, distance: pillar.radius - away)
                    }
                }
            }
        }

        func papillaryMuscles(
            of heart: HeartAnatomy, _ section: HeartSection, _ contraction: Float
        ) -> [(p: Float, q: Float, radius: Float)] {
            heart.papillary.compactMap { muscle in
                let length = muscle.levels.upperBound - muscle.levels.lowerBound
                let place = 2 * (section.level - muscle.levels.lowerBound) / length - 1
                guard abs(place) < 1 else { return nil }
                let cavity = HeartSection.value(section.cavity, at: remainder(muscle.angle, 2 * Float.pi))
                let girth = muscle.radius * (1 - place * place).squareRoot() * (1 + 0.15 * contraction)
                let radius = min(girth, 0.36 * cavity)
                let away = cavity - radius - 1 - 0.1 * cavity
                return (away * cos(muscle.angle + lean), away * sin(muscle.angle + lean), radius)
            }
        }
    }
}

/// An atrium or a segment of a vessel: a tube with round ends, or an ellipsoid.
///
/// Points are in mm from the center of the heart, toward the patient's left, front, and head.
struct Hollow: Sendable {
    private let start: SIMD3<Float>
    private let direction: SIMD3<Float>
    private let squaredLength: Float
    private let radius: Float
    private let semiAxes: SIMD3<Float>?

    /// Creates a tube.
    init(from start: SIMD3<Float>, to end: SIMD3<Float>, radius: Float) {
        (self.start, direction, self.radius, semiAxes) = (start, end - start, radius, nil)
        squaredLength = max((direction * direction).sum(), 1e-6)
    }

    /// Creates an ellipsoid.
    init(centre: SIMD3<Float>, semiAxes: SIMD3<Float>) {
        (start, direction, squaredLength) = (centre, .zero, 1)
        (radius, self.semiAxes) = (semiAxes.max(), semiAxes)
    }

    /// Returns the signed distance from a point to the surface in mm, to first order: positive inside, negative
    /// outside.
    func depth(of point: SIMD3<Float>) -> Float {
        var away = point - start
        if let semiAxes {
            let place = away / semiAxes
            let norm = (place * place).sum().squareRoot()
            guard norm > 1e-3 else { return semiAxes.min() }
            let slope = place / semiAxes
            return (1 - norm) * norm / (slope * slope).sum().squareRoot()
        }
        let share = min(max((away * direction).sum() / squaredLength, 0), 1)
        away -= direction * share
        return radius - (away * away).sum().squareRoot()
    }

    /// The corners of the bounding box.
    var box: (low: SIMD3<Float>, high: SIMD3<Float>) {
        let reach = semiAxes ?? SIMD3(repeating: radius)
        let end = start + direction
        return (pointwiseMin(start, end) - reach, pointwiseMax(start, end) + reach)
    }
}

/// A normal distribution clamped at both ends.
struct Spread: Sendable {
    var mean: Float
    var deviation: Float
    var limits: ClosedRange<Float>

    init(_ mean: Float, _ deviation: Float, _ limits: ClosedRange<Float>) {
        (self.mean, self.deviation, self.limits) = (mean, deviation, limits)
    }

    /// Returns a sample from the distribution, clamped to its limits.
    func draw(using generator: inout SeededGenerator) -> Float {
        min(max(generator.normal(mean: mean, standardDeviation: deviation), limits.lowerBound), limits.upperBound)
    }
}
