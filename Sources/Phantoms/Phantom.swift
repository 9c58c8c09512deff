import Randomness
import Volumes

/// Synthetic short-axis cardiac MRI in the shape of the ACDC data set, for tests and demonstrations without patients.
///
/// Each patient is a parametric model: a truncated-ellipsoid left ventricle that contracts, a crescent-shaped right
/// ventricle, papillary muscles and trabeculae inside the left cavity's label, a thorax around them, and an MR signal
/// with coil falloff, breath-hold misalignment and Rician noise. Sizes, ejection fractions and intensities follow what
/// was measured for the five groups of the ACDC data set (Bernard et al., IEEE TMI 37(11):2514–2525, 2018); the model
/// itself is a reconstruction. It resembles patients statistically and none of them individually, and results on it
/// say nothing about patients.
///
/// ```swift
/// let phantom = Phantom(seed: 1)
/// let patient = phantom.patient(7)          // the same whatever else is generated
/// try await phantom.write(patients: 20, to: URL(filePath: "phantoms"))
/// ```
///
/// Groups take turns by number (1 DCM, 2 HCM, 3 MINF, 4 NOR, 5 RV, 6 DCM, …), so that any number of patients holds all
/// of them.
public struct Phantom: Sendable {
    /// Determines everything.
    public let seed: UInt64
    /// The number of scanners on which the patients were examined, `nil` for one each.
    ///
    /// Patients of one scanner share its grid, file format, contrast and coils. Each scanner examines all groups:
    /// patients 1–5 are seen on the first, 6–10 on the second, and so on in turns.
    public let scannerCount: Int?
    /// Replaces every scanner's style, so that tests can be small.
    var style: Acquisition.Style?

    /// A source of patients.
    ///
    /// - Precondition: `scannerCount`, if given, is positive.
    public init(seed: UInt64, scannerCount: Int? = nil) {
        precondition(scannerCount ?? 1 > 0, "\(scannerCount ?? 0) scanners cannot examine anyone")
        (self.seed, self.scannerCount) = (seed, scannerCount)
    }

    /// The group of a patient.
    ///
    /// - Precondition: `number > 0`.
    public static func group(ofPatient number: Int) -> ACDC.Group {
        precondition(number > 0, "patients are numbered from 1, not \(number)")
        return ACDC.Group.allCases[(number - 1) % ACDC.Group.allCases.count]
    }

    /// Everything about a patient but the pixels.
    func examination(_ number: Int) -> Examination {
        let group = Self.group(ofPatient: number)
        var generator: SeededGenerator
        let own: Acquisition.Style
        if let scannerCount {
            let scanner = (number - 1) / ACDC.Group.allCases.count % scannerCount
            generator = SeededGenerator(seed: seed, path: -1, scanner)
            let shared = Acquisition.Style(using: &generator)
            generator = SeededGenerator(seed: seed, path: -2, number)
            own = shared.varied(using: &generator)
        } else {
            generator = SeededGenerator(seed: seed, path: -2, number)
            own = Acquisition.Style(using: &generator)
        }
        return Examination(group: group, style: style ?? own, seed: seed, number: number)
    }
}
