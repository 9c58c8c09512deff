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

extension Phantom {
    /// A synthetic patient: what the folder of an ACDC patient would hold.
    public struct Patient: Sendable {
        /// The folder's name, such as `patient001`.
        public let id: String
        /// The diagnosis.
        public let group: ACDC.Group
        /// End diastole and end systole, in this order.
        public let frames: [Frame]
        /// Every frame of the heartbeat as one 4-D volume, if it was asked for.
        public let cine: Volume?

        let info: ACDC.Info
        let storage: Acquisition.Storage
    }

    /// A labelled image.
    public struct Frame: Sendable {
        /// Its number in the cine, from 1.
        public let number: Int
        /// When it is.
        public let phase: ACDC.Phase
        /// The 3-D image: whole numbers.
        public let image: Volume
        /// 0 background, 1 right ventricle, 2 myocardium, 3 left ventricle.
        public let labels: Volume
    }

    /// A patient's images; the same for the same seed, whatever else is generated.
    ///
    /// - Parameters:
    ///   - number: From 1.
    ///   - includingCine: Whether the 4-D cine is made, too; it takes about as many times longer as it has frames.
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
        let digits = String(number)
        return Patient(
            id: "patient" + String(repeating: "0", count: max(0, 3 - digits.count)) + digits,
            group: examination.heart.group, frames: frames, cine: cine, info: info,
            storage: examination.acquisition.style.storage)
    }
}

extension Phantom {
    /// A synthetic image in the format of the HVSMR 2016 data set.
    public struct WholeHeart: Sendable {
        /// The patient's part of the files' names, such as `pat0`.
        public let id: String
        /// Intensities, about 0 to 1.5, as `float64`; axes run to the patient's back, feet and right.
        public let image: NIfTI
        /// 0 background, 1 myocardium, 2 blood pool, as `uint16`.
        public let labels: NIfTI
    }

    /// A cropped axial image of a heart with its atria and great vessels; the same for the same seed and spacing.
    ///
    /// Ventricles are those of the five groups, which take turns; atria and vessels are this package's own shapes. As in
    /// the real files, about a sixth of the voxels is blood, 5 % are myocardium, and the third axis gives sagittal
    /// pictures.
    ///
    /// - Parameters:
    ///   - number: From 0, as in the data set.
    ///   - spacing: Voxel width in mm; the data set's is 0.65 to 1.15. At 0.9 an image has 2.5 million voxels, at 2 a
    ///     tenth of them.
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
