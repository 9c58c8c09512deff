import Foundation
import Randomness
import Volumes

/// The surroundings of one patient's heart: chest wall, lung with its vessels, diaphragm, liver, stomach, spleen,
/// aorta, spine, and fat.
///
/// Only the appearance matters; none of these structures are labeled. Lengths are in mm in the frame of
/// ``SliceCanvas``.
struct Thorax: Sendable {
    /// The contour of the body, with semi-axes from front to back and from side to side.
    let outline: (centre: (p: Float, q: Float), semiAxes: (a: Float, b: Float))
    let fatThickness: Float
    let fatAngle: Float
    let muscleThickness: Float
    /// The additional thickness of fat and muscle above the lung, at the transition to arm and shoulder.
    let shoulder: Float
    /// The level of the diaphragm below the heart at the base, its rise per mm toward the apex, its curvature, and the
    /// position of its crest.
    let diaphragm: (level: Float, rise: Float, curvature: Float, crest: Float)
    /// The intensities relative to the 99th percentile of the volume.
    let air: Float
    let lung: Float
    let fat: Float
    let muscle: Float
    let liver: Float
    let blood: Float
    let bodies: [Body]

    /// An ellipsoid of one tissue.
    struct Body: Sendable {
        var centre: (p: Float, q: Float, z: Float)
        var semiAxes: (a: Float, b: Float, c: Float)
        var angle: Float = 0
        var tissue: SliceCanvas.Tissue
        var place: Place = .anywhere
    }

    /// The region to which the rendering of a body is restricted.
    enum Place: Sendable {
        case anywhere, lung, abdomen
    }

    /// Creates randomly sampled surroundings of a heart whose right ventricle extends `front` mm from the axis, and
    /// whose left ventricle extends `below` mm.
    init(
        front: Float, below: Float, length: Float, blood: Float, contrast: Float, using generator: inout SeededGenerator
    ) {
        self.blood = blood
        air = generator.uniform(in: 0.02...0.06)
        lung = generator.uniform(in: 0.07...0.19)
        fat = generator.uniform(in: 0.78...1.0)
        muscle = blood / contrast * generator.uniform(in: 0.85...1.15)
        liver = blood / contrast * generator.uniform(in: 0.95...1.5)
        fatThickness = Spread(13, 7, 5...32).draw(using: &generator)
        fatAngle = generator.uniform(in: -0.4...1.4)
        shoulder = generator.uniform(in: 40...80)
        muscleThickness = generator.uniform(in: 8...13)
        let centre = (p: generator.uniform(in: -60 ... -34), q: generator.normal(mean: -5, standardDeviation: 10))
        let frontal = front + generator.uniform(in: 2...14) + muscleThickness + fatThickness - centre.p
        outline = (centre, (max(frontal, 115), generator.uniform(in: 205...250)))
        diaphragm = (
            -(below + generator.uniform(in: -4...8)), generator.uniform(in: 0.05...0.25),
            generator.uniform(in: 0.0008...0.003), generator.uniform(in: -20...40)
        )
        bodies = Self.bodies(
            length: length, diaphragm: diaphragm.level, fat: fat, lung: lung, liver: liver, blood: blood,
            using: &generator)
    }

    private static func bodies(
        length: Float, diaphragm: Float, fat: Float, lung: Float, liver: Float, blood: Float,
        using generator: inout SeededGenerator
    ) -> [Body] {
        func vary(_ value: Float, _ deviation: Float) -> Float {
            generator.normal(mean: value, standardDeviation: deviation)
        }
        func organ(_ intensity: Float, mottle: Float = 0.1) -> SliceCanvas.Tissue {
            .init(intensity: intensity, mottle: mottle, wobble: 2.5, edge: 2, rim: 0.45)
        }
        var bodies: [Body] = []
        // Fat below the diaphragm, posterior to the liver, containing the stomach, the spleen, and bowel loops.
        bodies.append(
            Body(
                centre: (vary(-70, 12), diaphragm - 75, length), semiAxes: (vary(62, 8), vary(66, 8), 300),
                tissue: organ(fat * generator.uniform(in: 0.6...0.95)), place: .abdomen))
        bodies.append(
            Body(
                centre: (vary(-25, 12), diaphragm - vary(28, 7), length * 0.8),
                semiAxes: (vary(32, 6), vary(23, 4), vary(75, 10)), angle: vary(0.2, 0.3),
                tissue: organ(liver * generator.uniform(in: 0.6...1.5), mottle: 0.22), place: .abdomen))
        bodies.append(
            Body(
                centre: (vary(-88, 9), diaphragm - vary(40, 8), length * 0.7),
                semiAxes: (vary(27, 4), vary(34, 6), vary(60, 10)), angle: vary(0.4, 0.3),
                tissue: organ(liver * generator.uniform(in: 0.7...1.4)), place: .abdomen))
        for _ in 0..<7 {
            bodies.append(
                Body(
                    centre: (vary(-55, 28), diaphragm - vary(85, 22), vary(length * 0.6, 40)),
                    semiAxes: (vary(17, 3), vary(12, 2), vary(35, 6)), angle: vary(0, 1),
                    tissue: organ(liver * generator.uniform(in: 0.4...2), mottle: 0.25), place: .abdomen))
        }
        for _ in 0..<22 {
            let size = generator.uniform(in: 1.2...3.4)
            bodies.append(
                Body(
                    centre: (vary(45, 35), diaphragm - abs(vary(45, 25)) - 8, generator.uniform(in: -10...length + 10)),
                    semiAxes: (size * generator.uniform(in: 1...4), size, generator.uniform(in: 8...25)),
                    angle: vary(0, 1), tissue: .init(intensity: liver * 1.6, wobble: 0.5), place: .abdomen))
        }
        // Pulmonary vessels.
        for _ in 0..<90 {
            let size = generator.uniform(in: 0.8...2.4)
            bodies.append(
                Body(
                    centre: (vary(-25, 45), generator.uniform(in: 20...150), generator.uniform(in: -10...length + 10)),
                    semiAxes: (size * generator.uniform(in: 1...4), size, generator.uniform(in: 6...22)),
                    angle: vary(-0.4, 0.9),
                    tissue: .init(intensity: lung + blood * generator.uniform(in: 0.15...0.7)), place: .lung))
        }
        // The left atrium, posterior to the base, and the right ventricular outflow tract above it.
        bodies.append(
            Body(
                centre: (vary(-36, 5), vary(-6, 6), vary(-20, 4)), semiAxes: (vary(28, 3), vary(33, 3), vary(30, 3)),
                tissue: .init(intensity: blood * 0.9, wobble: 2, edge: 2.5, rim: 0.3)))
        bodies.append(
            Body(
                centre: (vary(26, 5), vary(33, 4), vary(-16, 4)), semiAxes: (vary(15, 2), vary(14, 2), vary(28, 4)),
                tissue: .init(intensity: blood * 0.85, wobble: 1, edge: 2.5, rim: 0.3)))
        // Spine with its canal, back muscles, and aorta.
        let spine = (p: vary(-96, 7), q: vary(-22, 10))
        bodies.append(
            Body(
                centre: (spine.p - 22, spine.q, length / 2), semiAxes: (vary(34, 4), vary(52, 6), 400),
                tissue: organ(liver * 0.75, mottle: 0.3)))
        bodies.append(
            Body(
                centre: (spine.p, spine.q, length / 2), semiAxes: (vary(20, 2), vary(23, 2), 400),
                tissue: organ(liver * generator.uniform(in: 0.9...1.5), mottle: 0.2)))
        bodies.append(
            Body(
                centre: (spine.p - 27, spine.q, length / 2), semiAxes: (8, 9, 400), tissue: organ(0.85, mottle: 0.1)))
        bodies.append(
            Body(
                centre: (spine.p + vary(33, 4), spine.q + vary(14, 5), length / 2),
                semiAxes: (vary(11.5, 1.5), vary(11.5, 1.5), 400), tissue: organ(blood * 0.95, mottle: 0.05)))
        return bodies
    }
}

extension Thorax {
    /// Renders everything except the heart into the slice at z.
    func paint(into canvas: inout SliceCanvas, z: Float) {
        let frame = canvas.frame
        var isLung = [Bool](repeating: false, count: canvas.values.count)
        var isAbdomen = isLung
        let fatTissue = SliceCanvas.Tissue(intensity: fat, mottle: 0.07, wobble: 4, edge: 2)
        let muscleTissue = SliceCanvas.Tissue(intensity: muscle, mottle: 0.25, wobble: 2.5, edge: 2, rim: 0.3)
        let lungTissue = SliceCanvas.Tissue(intensity: lung, mottle: 0.15, wobble: 2, edge: 2.5)
        let liverTissue = SliceCanvas.Tissue(intensity: liver, mottle: 0.07, wobble: 2, edge: 2)
        let (a, b) = outline.semiAxes
        for y in 0..<frame.rows {
            for x in 0..<frame.columns {
                let index = y * frame.columns + x
                let (p, q) = frame.point(x, y)
                let (u, v) = ((p - outline.centre.p) / a, (q - outline.centre.q) / b)
                // A superellipse of order 2.5 is flatter than an ellipse at the front and back.
                let norm = pow(pow(abs(u), 2.5) + pow(abs(v), 2.5), 0.4)
                let skin = (1 - norm) * (a * abs(u) + b * abs(v)) / max(abs(u) + abs(v), 1e-3)
                canvas.values[index] = air
                canvas.paint(fatTissue, at: index, distance: skin)
                let direction = atan2(v, u)
                let above = max(0, sin(direction))
                let padding = fatThickness * (1 + 0.7 * cos(direction - fatAngle)) + shoulder * above * above
                canvas.paint(muscleTissue, at: index, distance: skin - padding)
                let cavity = skin - padding - muscleThickness * (1 + 0.4 * sin(direction * 9 + z * 0.1) + 2 * above)
                canvas.paint(lungTissue, at: index, distance: cavity)
                let away = p - diaphragm.crest
                let dome = diaphragm.level + diaphragm.rise * z - diaphragm.curvature * away * away
                let below = min(dome - q, cavity)
                canvas.paint(liverTissue, at: index, distance: below)
                isAbdomen[index] = below > 1
                isLung[index] = cavity > 2 && q - dome > 4
            }
        }
        for body in bodies {
            let height = (z - body.centre.z) / body.semiAxes.c
            guard abs(height) < 1 else { continue }
            let scale = (1 - height * height).squareRoot()
            let allowed: [Bool]? =
                switch body.place {
                case .anywhere: nil
                case .lung: isLung
                case .abdomen: isAbdomen
                }
            canvas.paintEllipse(
                body.tissue, p: body.centre.p, q: body.centre.q, a: body.semiAxes.a * scale,
                b: body.semiAxes.b * scale, angle: body.angle, only: allowed)
        }
    }
}
