import Foundation

/// The data set of the HVSMR 2016 challenge: 3-D cardiac MRI of ten (training) and ten (testing) patients with congenital
/// heart disease, with the myocardium of both ventricles and the blood pool outlined.
///
/// The data is not part of this package. Voxels are 0.65 to 1.15 mm wide in every direction; numbers are stored as
/// `float64`, labels as `uint16`. Any folder above the files is read; images and labels may lie in one folder or in two.
///
/// ```swift
/// let hvsmr = try HVSMR(contentsOf: URL(filePath: "HVSMR2016"), release: .axialCropped)
/// let scans = try await hvsmr.scans(preparedBy: Preprocessing())
/// let native = scans[0].restored(labels: predicted)              // on the grid of the file
/// try NIfTI(volume: native, datatype: .uint16, geometry: scans[0].geometry).write(to: url)
/// ```
///
/// Labels are 0 background, 1 myocardium, 2 blood pool: ventricles, atria, aorta, pulmonary vessels and caval veins.
/// The challenge's second label set tells 64 aorta and 71 pulmonary arteries apart; both become blood pool here.
/// ``Phantom/writeWholeHearts(patients:to:spacing:workers:progress:)`` writes folders of the same layout without patients.
///
/// Source: D. F. Pace et al., "Interactive Whole-Heart Segmentation in Congenital Heart Disease", MICCAI 2015, LNCS 9351,
/// doi 10.1007/978-3-319-24574-4_10.
public struct HVSMR: Sendable {
    /// The folder that was searched.
    public let folder: URL
    /// Which of the three releases it holds, or was chosen.
    public let release: Release
    /// The patients in the order of their numbers; remove some to load fewer.
    public var patients: [Patient]

    /// Names of the classes of the label maps, by label.
    public static let classNames = ["background", "myocardium", "blood pool"]

    /// The patients found in a folder and the folders in it, four levels deep. No image is opened yet.
    ///
    /// Files are known by their names: `training_axial_crop_pat0.nii.gz` with `training_axial_crop_pat0-label.nii.gz`,
    /// `…_label.nii.gz` or `…_label_A.nii.gz`, for `axial_full`, `axial_crop` and `sa_crop`, with `.nii` and `.nii.gz`.
    /// Where both label sets are there, set A is taken. Other files are ignored.
    ///
    /// - Parameters:
    ///   - folder: The folder that holds the files, or one above it.
    ///   - release: The release that is read; `nil` for the only one there is.
    ///   - requiringLabels: Whether an image without a label map is a fault. Testing images were published without
    ///     labels: they are left out if labels are required.
    /// - Throws: One ``VolumesError`` that lists every missing or broken piece of every patient;
    ///   ``VolumesError/severalReleases(folder:found:)`` if the folder holds several and none was chosen.
    public init(
        contentsOf folder: URL, release: Release? = nil, requiringLabels: Bool = true
    ) throws(VolumesError) {
        let path = folder.path(percentEncoded: false)
        var isFolder = ObjCBool(false)
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { throw .missing(file: path) }
        guard isFolder.boolValue else {
            throw .noDataSet(folder: path, reason: "it is a file; unpack the archive and pass the folder")
        }
        var files = try File.all(under: folder)
        if requiringLabels { files.removeAll { $0.isTesting } }
        let releases = Release.allCases.filter { release in files.contains { $0.release == release && !$0.isLabels } }
        guard let chosen = release ?? releases.first else {
            throw .noDataSet(
                folder: path,
                reason: "it and its folders hold no training_axial_full_pat0.nii.gz, training_axial_crop_pat0.nii.gz, "
                    + "training_sa_crop_pat0.nii.gz, …")
        }
        if release == nil, releases.count > 1 {
            throw .severalReleases(folder: path, found: releases.map(\.rawValue))
        }
        guard releases.contains(chosen) else {
            let others = releases.isEmpty ? "" : ", but those of \(releases.map(\.rawValue).joined(separator: " and "))"
            throw .noDataSet(folder: path, reason: "it holds no images of \(chosen.rawValue)\(others)")
        }

        let problems: [String]
        (patients, problems) = Patient.all(in: files.filter { $0.release == chosen }, requiringLabels: requiringLabels)
        guard problems.isEmpty else { throw .incomplete(folder: path, problems: problems) }
        (self.folder, self.release) = (folder, chosen)
    }
}
