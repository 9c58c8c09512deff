import Foundation

/// The ACDC data set: cardiac cine MRI of 100 (training) and 50 (testing) patients in five diagnostic groups, with the
/// right ventricle, the myocardium and the left ventricle outlined in end diastole and end systole.
///
/// The data is not part of this package and may be used for research on condition that Bernard et al., IEEE TMI
/// 37(11):2514–2525, 2018, doi 10.1109/TMI.2018.2837502, is cited. It is downloaded with
///
/// ```sh
/// wget -O acdc.zip https://humanheart-project.creatis.insa-lyon.fr/database/api/v1/folder/637218e573e9f0047faa00fc/download
/// unzip acdc.zip
/// ```
///
/// and read with
///
/// ```swift
/// let acdc = try ACDC(contentsOf: URL(filePath: "ACDC/database"))
/// let scans = try await acdc.scans(preparedBy: Preprocessing())
/// ```
///
/// Labels are 0 background, 1 right ventricular cavity, 2 left ventricular myocardium, 3 left ventricular cavity. The
/// papillary muscles belong to the cavity. ``Phantom`` writes folders of the same layout without patients.
public struct ACDC: Sendable {
    /// The folder that holds the folders of the patients.
    public let folder: URL
    /// The patients in the order of their numbers; remove some to load fewer.
    public var patients: [Patient]

    /// Names of the classes of the label maps, by label.
    public static let classNames = ["background", "right ventricle", "myocardium", "left ventricle"]

    /// The patients found in a folder. No image is opened yet.
    ///
    /// Old and new releases are understood, with `.nii` and `.nii.gz` files; other files are ignored.
    ///
    /// - Parameters:
    ///   - folder: The folder that holds `patient001`, `patient002`, …, or one above it: that of `training`, or of
    ///     `database`.
    ///   - requiringLabels: Whether a frame without a label map is a fault; the testing part of the first release has
    ///     none.
    /// - Throws: One ``VolumesError`` that lists every missing or broken piece of every patient.
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

    /// The folder with the patients' folders, and their names in the order of their numbers.
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
            folder: path, reason: "it holds no folders patient001, patient002, … and no training with such folders")
    }
}
