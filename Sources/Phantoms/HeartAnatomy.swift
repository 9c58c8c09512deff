import Foundation
import Randomness
import Volumes

/// The heart of one patient: size at end diastole and end systole, shape, and position.
///
/// Lengths are in mm. z runs along the long axis of the left ventricle, from 0 at its base at end diastole to `length`
/// at the end of the cavity. Time within the cardiac cycle is expressed as a contraction from 0 (end diastole) to 1
/// (end systole). Angles in the short-axis plane are measured from the direction of the right ventricle.
struct HeartAnatomy: Sendable {
    let group: ACDC.Group
    let height: Float
    let weight: Float
    /// The duration from end diastole to end systole, as a fraction of the cardiac cycle.
    let systole: Float

    let length: Float
    let baseDescent: Float
    let apexRetreat: Float
    /// The cavity radius at mid-ventricle, at end diastole and end systole.
    let radius: (diastole: Float, systole: Float)
    /// The level of the widest cross-section, from 0 at the base to 1 at the end of the cavity.
    let widest: Float
    let wall: (diastole: Float, systole: Float)
    let ejectionFraction: Float

    /// The right ventricular volume, in mm³.
    let rightVolume: (diastole: Float, systole: Float)
    /// The position of the base of the right ventricle along z.
    let rightBase: (diastole: Float, systole: Float)
    let rightApex: Float
    let rightFullness: Float
    /// Half the angle that the right ventricle subtends at its base.
    let rightHalfAngle: Float
    let rightSkew: Float
    /// The displacement of the septum into the left ventricle, as a fraction of its radius.
    let septalFlattening: Float

    /// The deviations of the cavity from a circle.
    let cavityShape: Harmonics
    /// The deviations of the wall from uniform thickness.
    let wallShape: Harmonics
    /// The thickening of the septum in hypertrophic cardiomyopathy.
    let bulge: (angle: Float, width: Float, height: Float)
    /// The akinetic scar after an infarction.
    let scar: Scar?
    let papillary: [Papillary]

    /// The angle of the right ventricle below the left direction of the image.
    let tilt: Float
    /// The in-plane displacement of the axis, in mm per mm along z.
    let drift: (x: Float, y: Float)

    /// A thin wall segment that does not move.
    struct Scar: Sendable {
        var angle: Float
        var halfWidth: Float
        /// The affected levels, from 0 at the base to 1 at the apex.
        var levels: ClosedRange<Float>
    }

    /// A papillary muscle, which belongs to the cavity in the label maps.
    struct Papillary: Sendable {
        var angle: Float
        var radius: Float
        var levels: ClosedRange<Float>
    }

    init(group: ACDC.Group, using generator: inout SeededGenerator) {
        let table = GroupAnatomy(group)
        self.group = group
        height = (2 * table.height.draw(using: &generator)).rounded() / 2
        weight = (2 * table.weight.draw(using: &generator)).rounded() / 2
        systole = table.systole.draw(using: &generator)

        length = table.length.draw(using: &generator)
        baseDescent = table.baseDescent.draw(using: &generator)
        apexRetreat = table.apexRetreat.draw(using: &generator)
        ejectionFraction = table.ejectionFraction.draw(using: &generator)
        let diastole = table.diameter.draw(using: &generator) / 2
        // Volume is proportional to radius² · length, so the radius follows from the ejection fraction.
        let shortening = length / (length - baseDescent - apexRetreat)
        radius = (diastole, diastole * ((1 - ejectionFraction) * shortening).squareRoot())
        widest = Spread(0.28, 0.05, 0.16...0.38).draw(using: &generator)
        let thickness = table.wallDiastole.draw(using: &generator)
        let thickening = table.wallSystole.mean / table.wallDiastole.mean
        let own = table.wallSystole.deviation / table.wallSystole.mean * 0.5
        wall = (thickness, thickness * thickening * Spread(1, own, 0.7...1.3).draw(using: &generator))

        let volume = 1000 * table.rightVolume.draw(using: &generator)
        let rightEjection = table.rightEjectionFraction.draw(using: &generator)
        rightVolume = (volume, volume * (1 - rightEjection))
        let begin = Spread(0, 5, -8...10).draw(using: &generator)
        rightBase = (begin, begin + 24 * rightEjection)
        rightFullness = table.rightFullness + Spread(0, 0.15, -0.3...0.3).draw(using: &generator)
        rightApex = length * (Spread(0.92, 0.06, 0.78...1.03).draw(using: &generator) + 0.04 * rightFullness)
        rightHalfAngle = 1.27 * table.rightAngle * Spread(1, 0.07, 0.85...1.15).draw(using: &generator)
        rightSkew = Spread(0, 0.1, -0.2...0.2).draw(using: &generator)
        septalFlattening = group == .abnormalRightVentricle ? generator.uniform(in: 0...0.14) : 0

        cavityShape = Harmonics(deviations: [0, 0.03, 0.015, 0.01], using: &generator)
        wallShape = Harmonics(deviations: [0.09, 0.09, 0.07, 0.06, 0.05], using: &generator)
        bulge = (
            generator.normal(mean: 0.2, standardDeviation: 0.3), generator.uniform(in: 0.7...1.1),
            group == .hypertrophicCardiomyopathy ? generator.uniform(in: 0.25...0.6) : 0.06
        )
        scar = group == .myocardialInfarction ? Scar(using: &generator) : nil
        let hypertrophy: Float = group == .hypertrophicCardiomyopathy ? 1.2 : 1
        papillary = [-1, 1].map { side in
            Papillary(
                angle: side * generator.normal(mean: 2.3, standardDeviation: 0.15),
                radius: hypertrophy * generator.uniform(in: 3.0...4.6),
                levels: generator.uniform(in: 0.12...0.28)...generator.uniform(in: 0.68...0.85))
        }
        tilt = Spread(0.26, 0.45, -0.8...0.95).draw(using: &generator)
        let (direction, slope) = (generator.uniform(in: -Float.pi...Float.pi), abs(generator.normal()) * 0.11)
        drift = (slope * cos(direction), slope * sin(direction))
    }

    /// Returns the position of the base of the left ventricle along z at the given contraction.
    func base(at contraction: Float) -> Float { baseDescent * contraction }
    /// Returns the position of the end of the left ventricular cavity along z at the given contraction.
    func apex(at contraction: Float) -> Float { length - apexRetreat * contraction }
}

extension HeartAnatomy.Scar {
    /// Creates a scar in the territory of one of the three coronary arteries.
    init(using generator: inout SeededGenerator) {
        let halfWidth = generator.uniform(in: 0.75...1.05)
        switch generator.integer(below: 3) {
        case 0: self.init(angle: 0.9, halfWidth: halfWidth, levels: 0.25...1.2)  // left anterior descending
        case 1: self.init(angle: 2.7, halfWidth: halfWidth, levels: -0.2...0.8)  // circumflex
        default: self.init(angle: -1.6, halfWidth: halfWidth, levels: -0.2...0.75)  // right coronary
        }
    }

    /// Returns the scar fraction of the wall at an angle and a level, from 0 to 1.
    func share(angle: Float, level: Float) -> Float {
        let away = abs(remainder(angle - self.angle, 2 * Float.pi))
        let edge = smoothStep((halfWidth + 0.25 - away) / 0.5)
        return edge * smoothStep((level - levels.lowerBound) / 0.15) * smoothStep((levels.upperBound - level) / 0.15)
    }
}

/// A periodic function of an angle: a sum of sinusoids of its integer multiples, starting at 1.
struct Harmonics: Sendable {
    private var terms: [(cosine: Float, sine: Float)]

    /// Creates a function whose coefficients are independent normal variates with the given standard deviations.
    init(deviations: [Float], using generator: inout SeededGenerator) {
        terms = deviations.map { deviation in
            (
                generator.normal(standardDeviation: deviation * 0.7071),
                generator.normal(standardDeviation: deviation * 0.7071)
            )
        }
    }

    /// Returns the value at an angle; the mean over the circle is 0.
    func callAsFunction(_ angle: Float) -> Float {
        var sum: Float = 0
        for (k, term) in terms.enumerated() {
            sum += term.cosine * cos(Float(k + 1) * angle) + term.sine * sin(Float(k + 1) * angle)
        }
        return sum
    }
}

/// Returns the smoothstep function: 0 below 0, 1 above 1, and 3t² − 2t³ in between.
func smoothStep(_ t: Float) -> Float {
    let t = min(max(t, 0), 1)
    return t * t * (3 - 2 * t)
}
