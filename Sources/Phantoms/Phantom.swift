import Randomness
import Volumes

/// A generator of synthetic cardiac MRI in the formats of ACDC and HVSMR, for tests and demonstrations without patient
/// data.
///
/// Each patient is a parametric model: a truncated-ellipsoid left ventricle that contracts, a crescent-shaped right
/// ventricle, papillary muscles and trabeculae inside the label of the left cavity, a surrounding thorax, and an MR
/// signal with coil falloff, breath-hold misalignment, and Rician noise. Sizes, ejection fractions, and intensities
/// follow measurements of the five groups of the ACDC data set (Bernard et al., IEEE TMI 37(11):2514–2525, 2018); the
/// model itself is a reconstruction. The images resemble those of patients statistically but not those of any
/// individual patient, and results on them say nothing about patients.
///
/// ```swift
/// let phantom = Phantom(seed: 1)
/// let patient = phantom.patient(7)          // independent of all other patients
/// try await phantom.write(patients: 20, to: URL(filePath: "phantoms"))
/// ```
///
/// Groups alternate by number (1 DCM, 2 HCM, 3 MINF, 4 NOR, 5 RV, 6 DCM, …), so that any five consecutive patients
/// include all of them.
public struct Phantom: Sendable {
    /// The random seed, which determines all images.
    public let seed: UInt64
    /// The number of scanners that examine the patients; `nil` for one scanner per patient.
    ///
    /// Patients of one scanner share its grid, file format, contrast, and coils. Each scanner examines all groups:
    /// patients 1–5 are examined on the first scanner, 6–10 on the second, and so on in turn.
    public let scannerCount: Int?
    /// A style that overrides that of every scanner, for small images in tests.
    var style: Acquisition.Style?

    /// Creates a generator of synthetic patients.
    ///
    /// - Precondition: `scannerCount`, if given, is positive.
    public init(seed: UInt64, scannerCount: Int? = nil) {
        precondition(scannerCount ?? 1 > 0, "\(scannerCount ?? 0) scanners cannot examine anyone")
        (self.seed, self.scannerCount) = (seed, scannerCount)
    }

    /// Returns the diagnostic group of a patient.
    ///
    /// - Precondition: `number > 0`.
    public static func group(ofPatient number: Int) -> ACDC.Group {
        precondition(number > 0, "patients are numbered from 1, not \(number)")
        return ACDC.Group.allCases[(number - 1) % ACDC.Group.allCases.count]
    }

    /// Returns the name of a patient, such as `patient001`.
    static func name(ofPatient number: Int) -> String {
        let digits = String(number)
        return "patient" + String(repeating: "0", count: max(0, 3 - digits.count)) + digits
    }

    /// Returns all parameters of a patient's examination, without rendering pixels.
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

extension Phantom {
    /// A synthetic patient, with the contents of an ACDC patient's folder.
    public struct Patient: Sendable {
        /// The name of the folder, such as `patient001`.
        public let id: String
        /// The diagnosis.
        public let group: ACDC.Group
        /// The labeled frames: end diastole and end systole, in this order.
        public let frames: [Frame]
        /// The 4-D cine with every frame of the cardiac cycle, if requested.
        public let cine: Volume?

        let info: ACDC.Info
        let storage: Acquisition.Storage
    }

    /// A labeled image.
    public struct Frame: Sendable {
        /// The number of the frame in the cine, counted from 1.
        public let number: Int
        /// The phase of the frame.
        public let phase: ACDC.Phase
        /// The 3-D image, with integer intensities.
        public let image: Volume
        /// The label map: 0 background, 1 right ventricle, 2 myocardium, and 3 left ventricle.
        public let labels: Volume
    }

    /// Returns a patient's images, which depend only on the seed, the number of scanners, and the patient's number.
    ///
    /// - Parameters:
    ///   - number: The number of the patient, counted from 1.
    ///   - includingCine: Whether to render the 4-D cine as well; the time is proportional to its number of frames.
    /// - Precondition: `number > 0`.
    public func patient(_ number: Int, includingCine: Bool = false) -> Patient {
        let examination = examination(number)
        let info = ACDC.Info(
            endDiastole: examination.endDiastole, endSystole: examination.endSystole, group: examination.heart.group,
            height: Double(examination.heart.height), frameCount: examination.frameCount,
            weight: Double(examination.heart.weight))
        let moments: [(ACDC.Phase, Int)] = [(.endDiastole, info.endDiastole), (.endSystole, info.endSystole)]
        let numbers = includingCine ? Array(1...info.frameCount) : moments.map(\.1)
        let rendered = examination.frames(numbers)
        let frames = moments.enumerated().map { i, moment in
            let frame = rendered[includingCine ? moment.1 - 1 : i]
            return Frame(number: moment.1, phase: moment.0, image: frame.image, labels: frame.labels)
        }
        var cine: Volume?
        if includingCine {
            var extent = frames[0].image.extent
            extent.frames = info.frameCount
            cine = Volume(
                extent: extent, spacing: frames[0].image.spacing, voxels: rendered.flatMap { $0.image.voxels })
        }
        return Patient(
            id: Self.name(ofPatient: number),
            group: examination.heart.group, frames: frames, cine: cine, info: info,
            storage: examination.acquisition.style.storage)
    }
}

extension Phantom {
    /// A synthetic image in the format of the HVSMR 2016 data set.
    public struct WholeHeart: Sendable {
        /// The part of the file names that identifies the patient, such as `pat0`.
        public let id: String
        /// The image, with intensities of about 0 to 1.5 as `float64`; axes run to the patient's back, feet, and right.
        public let image: NIfTI
        /// The label map, as `uint16`: 0 background, 1 myocardium, and 2 blood pool.
        public let labels: NIfTI
    }

    /// Returns a cropped axial image of a heart with its atria and great vessels, which depends only on the seed, the
    /// number, and the spacing.
    ///
    /// The ventricles are those of the five groups, which alternate; atria and vessels are this package's own shapes.
    /// As in the real files, about a sixth of the voxels are blood, 5% are myocardium, and slices along the third axis
    /// are sagittal.
    ///
    /// - Parameters:
    ///   - number: The number of the patient, counted from 0 as in the data set.
    ///   - spacing: The voxel width in mm; 0.65 to 1.15 in the data set. An image has 2.5 million voxels at 0.9 mm, and
    ///     a tenth of that at 2 mm.
    /// - Precondition: `number ≥ 0`, `0.3 ≤ spacing ≤ 10`.
    public func wholeHeart(_ number: Int, spacing: Double = 0.9) -> WholeHeart {
        precondition(number >= 0, "patients are numbered from 0, not \(number)")
        precondition(spacing >= 0.3 && spacing <= 10, "a spacing of \(spacing) mm is not within 0.3 … 10")
        var generator = SeededGenerator(seed: seed, path: -3, number)
        let model = WholeHeartModel(group: Self.group(ofPatient: number + 1), using: &generator)
        let scan = WholeHeartScan(of: model, spacing: spacing, using: &generator)
        let (image, labels) = scan.rendered()
        return WholeHeart(
            id: "pat\(number)", image: NIfTI(volume: image, datatype: .float64, geometry: scan.geometry),
            labels: NIfTI(volume: labels, datatype: .uint16, geometry: scan.geometry))
    }
}
