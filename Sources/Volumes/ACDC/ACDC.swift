import Foundation

/// The ACDC data set: cardiac cine MRI of 100 (training) and 50 (testing) patients in five diagnostic groups, with the
/// right ventricle, the myocardium, and the left ventricle segmented at end diastole and end systole.
///
/// The data is not part of this package and may be used for research on condition that Bernard et al., IEEE TMI
/// 37(11):2514–2525, 2018, doi 10.1109/TMI.2018.2837502, is cited. Download it with
///
/// ```sh
/// wget -O acdc.zip https://humanheart-project.creatis.insa-lyon.fr/database/api/v1/folder/637218e573e9f0047faa00fc/download
/// unzip acdc.zip
/// ```
///
/// and read it with
///
/// ```swift
/// let acdc = try ACDC(contentsOf: URL(filePath: "ACDC/database"))
/// let scans = try await DataSet(acdc).scans(preparedBy: Preprocessing())
/// ```
///
/// Labels are 0 background, 1 right ventricular cavity, 2 left ventricular myocardium, and 3 left ventricular cavity.
/// The papillary muscles belong to the cavity. The module Phantoms writes synthetic data in the same layout.
public struct ACDC: Sendable {
    /// The folder that contains the patients' folders.
    public let folder: URL
    /// The patients, ordered by number; remove some to load fewer.
    public var patients: [Patient]

    /// The names of the classes in the label maps, indexed by label.
    public static let classNames = ["background", "right ventricle", "myocardium", "left ventricle"]

    /// Creates the data set by finding the patients in a folder, without opening their images.
    ///
    /// Old and new releases are supported, with `.nii` and `.nii.gz` files; other files are ignored.
    ///
    /// - Parameters:
    ///   - folder: The folder that contains `patient001`, `patient002`, …, or the folder that contains `training` or
    ///     `database`.
    ///   - requiringLabels: Whether a frame without a label map is a fault; the testing part of the first release has
    ///     no label maps.
    /// - Throws: One ``VolumesError`` that lists every missing or broken file of every patient.
    public init(contentsOf folder: URL, requiringLabels: Bool = true) throws(VolumesError) {
        let (home, names) = try Self.patientFolders(under: folder)
        var patients: [Patient] = []
        var problems: [String] = []
        for name in names {
            switch Patient.reading(name, in: home, requiringLabels: requiringLabels) {
            case .success(let patient): patients.append(patient)
            case .failure(let faults): problems += faults.descriptions
            }
        }
        guard problems.isEmpty else {
            throw .incomplete(folder: home.path(percentEncoded: false), problems: problems)
        }
        self.folder = home
        self.patients = patients
    }

    /// Returns the folder that contains the patients' folders, and the names of these folders, ordered by number.
    private static func patientFolders(under folder: URL) throws(VolumesError) -> (URL, [String]) {
        let path = folder.path(percentEncoded: false)
        var isFolder = ObjCBool(false)
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw .missing(file: path)
        }
        guard isFolder.boolValue else {
            throw .noDataSet(folder: path, reason: "it is a file; unpack the archive and pass the folder")
        }
        for place in [folder, folder.appending(path: "training"), folder.appending(path: "database/training")] {
            guard let entries = try? FileManager.default.contentsOfDirectory(atPath: place.path(percentEncoded: false))
            else {
                guard place == folder else { continue }
                throw .unreadable(file: path, reason: "its contents cannot be listed")
            }
            let names = entries.compactMap { name in Patient.number(of: name).map { (number: $0, name: name) } }
            if !names.isEmpty { return (place, names.sorted { $0 < $1 }.map(\.name)) }
            if place == folder, entries.contains("Info.cfg") {
                throw .noDataSet(folder: path, reason: "it is the folder of one patient; pass the folder above it")
            }
        }
        throw .noDataSet(
            folder: path,
            reason: "it holds no folders patient001, patient002, … and no training with such folders, and no "
                + "dataset.json, as nnU-Net's layout has")
    }
}

extension ACDC {
    /// A patient, as described by the contents of one folder.
    public struct Patient: Hashable, Sendable {
        /// The name of the folder, such as `patient001`.
        public let id: String
        /// The diagnosis; `nil` in the testing part of the first release.
        public let group: Group?
        /// The number of the end-diastolic frame, counted from 1; not always the first.
        public let endDiastole: Int
        /// The number of the end-systolic frame, counted from 1.
        public let endSystole: Int
        /// The number of frames in the cine.
        public let frameCount: Int
        /// The body height in cm, if known.
        public let height: Double?
        /// The body weight in kg, if known.
        public let weight: Double?
        /// The labeled frames: end diastole and end systole, in this order.
        public let frames: [Frame]
        /// The 4-D cine, if there is one.
        public let cine: URL?

        /// Returns the number in the name of a patient's folder, such as 1 for `patient001`; `nil` for any other name.
        static func number(of name: String) -> Int? {
            guard name.hasPrefix("patient") else { return nil }
            let digits = name.dropFirst("patient".count)
            guard (1...6).contains(digits.count), digits.allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
            return Int(digits)
        }
    }

    /// A labeled phase of the cardiac cycle.
    public enum Phase: String, Hashable, Sendable, Codable {
        /// End diastole, when the ventricles are full.
        case endDiastole = "ED"
        /// End systole, when the ventricles have emptied.
        case endSystole = "ES"
    }

    /// The files of one labeled frame.
    public struct Frame: Hashable, Sendable {
        /// The number of the frame in the cine, counted from 1.
        public let number: Int
        /// The phase of the frame.
        public let phase: Phase
        /// The 3-D image.
        public let image: URL
        /// The label map; `nil` only if labels were not required.
        public let labels: URL?
    }
}

extension ACDC.Patient {
    /// Returns the patient whose folder has the given name, or everything that is missing or broken in it.
    static func reading(_ name: String, in home: URL, requiringLabels: Bool) -> Result<Self, Faults> {
        let folder = home.appending(path: name)
        var faults: [String] = []

        /// Returns the file of the given name, compressed or not; records a fault if the file is needed but cannot be
        /// used.
        func file(_ stem: String, needed: String?) -> URL? {
            for ending in [".nii.gz", ".nii"] {
                let url = folder.appending(path: stem + ending)
                let path = url.path(percentEncoded: false)
                guard let attributes = try? FileManager.default.attributesOfItem(atPath: path) else { continue }
                var isFolder = ObjCBool(false)
                _ = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
                if isFolder.boolValue {
                    faults.append("\(name)/\(stem + ending) is a folder, but must be a file")
                } else if attributes[.size] as? Int == 0 {
                    faults.append("\(name)/\(stem + ending) is empty")
                } else {
                    return url
                }
                return nil
            }
            if let needed { faults.append("\(name)/\(stem).nii.gz is missing (\(needed))") }
            return nil
        }

        let info: ACDC.Info
        switch ACDC.Info.reading(folder.appending(path: "Info.cfg"), name: "\(name)/Info.cfg") {
        case .success(let found): info = found
        case .failure(let found): return .failure(found)
        }
        let moments: [(ACDC.Phase, Int, String)] = [
            (.endDiastole, info.endDiastole, "end diastole"), (.endSystole, info.endSystole, "end systole"),
        ]
        let frames = moments.compactMap { phase, number, moment -> ACDC.Frame? in
            let stem = "\(name)_frame" + (number < 10 ? "0" : "") + "\(number)"
            let image = file(stem, needed: "\(moment), frame \(number) by Info.cfg")
            let labels = file(stem + "_gt", needed: requiringLabels ? "labels of \(moment)" : nil)
            return image.map { ACDC.Frame(number: number, phase: phase, image: $0, labels: labels) }
        }
        let cine = file(name + "_4d", needed: nil)
        guard faults.isEmpty else { return .failure(Faults(descriptions: faults)) }
        return .success(
            Self(
                id: name, group: info.group, endDiastole: info.endDiastole, endSystole: info.endSystole,
                frameCount: info.frameCount, height: info.height, weight: info.weight, frames: frames, cine: cine))
    }
}

extension ACDC {
    /// The five diagnostic groups of the data set, with twenty training patients per group, named as in `Info.cfg`.
    ///
    /// Training patients are sorted by group (001–020 DCM, 021–040 HCM, 041–060 MINF, 061–080 NOR, 081–100 RV), so a
    /// split by number is a split by disease.
    public enum Group: String, Hashable, Sendable, Codable, CaseIterable {
        /// Dilated cardiomyopathy: a large left ventricle and an ejection fraction below 40%.
        case dilatedCardiomyopathy = "DCM"
        /// Hypertrophic cardiomyopathy: thick walls and a normal ejection fraction.
        case hypertrophicCardiomyopathy = "HCM"
        /// Previous myocardial infarction: an ejection fraction below 40% and some segments that do not contract.
        case myocardialInfarction = "MINF"
        /// Healthy subjects.
        case normal = "NOR"
        /// Abnormal right ventricle: a dilated right ventricle, or one with an ejection fraction below 40%.
        case abnormalRightVentricle = "RV"
    }
}
