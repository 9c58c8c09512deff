import Foundation

/// The data set of the HVSMR 2016 challenge: 3-D cardiac MRI of ten (training) and ten (testing) patients with
/// congenital heart disease, with the myocardium of both ventricles and the blood pool segmented.
///
/// The data is not part of this package. Voxels are 0.65 to 1.15 mm wide in every direction; intensities are stored as
/// `float64`, labels as `uint16`. Pass any folder above the files; images and labels may be in one folder or in two.
///
/// ```swift
/// let hvsmr = try HVSMR(contentsOf: URL(filePath: "HVSMR2016"), release: .axialCropped)
/// let scans = try await hvsmr.scans(preparedBy: Preprocessing())
/// let native = scans[0].restored(labels: predicted)              // on the grid of the file
/// try NIfTI(volume: native, datatype: .uint16, geometry: scans[0].geometry).write(to: url)
/// ```
///
/// Labels are 0 background, 1 myocardium, and 2 blood pool (ventricles, atria, aorta, pulmonary vessels, and venae
/// cavae). The challenge's second label set distinguishes 64 aorta and 71 pulmonary arteries; both are merged into the
/// blood pool here. The module Phantoms writes synthetic data in the same layout.
///
/// Source: D. F. Pace et al., "Interactive Whole-Heart Segmentation in Congenital Heart Disease", MICCAI 2015, LNCS
/// 9351, doi 10.1007/978-3-319-24574-4_10.
public struct HVSMR: Sendable {
    /// The folder that was searched.
    public let folder: URL
    /// The release: the chosen one, or the only one in the folder.
    public let release: Release
    /// The patients, ordered by number; remove some to load fewer.
    public var patients: [Patient]

    /// The names of the classes in the label maps, indexed by label.
    public static let classNames = ["background", "myocardium", "blood pool"]

    /// Creates the data set by finding the patients in a folder and its subfolders, four levels deep, without opening
    /// their images.
    ///
    /// Files are found by name: `training_axial_crop_pat0.nii.gz` with `training_axial_crop_pat0-label.nii.gz`,
    /// `…_label.nii.gz`, or `…_label_A.nii.gz`, for `axial_full`, `axial_crop`, and `sa_crop`, with `.nii` and
    /// `.nii.gz`. If both label sets exist, set A is used. Other files are ignored.
    ///
    /// - Parameters:
    ///   - folder: The folder that contains the files, or a folder above it.
    ///   - release: The release to read; `nil` for the only one in the folder.
    ///   - requiringLabels: Whether an image without a label map is a fault. Testing images were published without
    ///     labels and are excluded if labels are required.
    /// - Throws: One ``VolumesError`` that lists every missing or broken file of every patient;
    ///   ``VolumesError/severalReleases(folder:found:)`` if the folder holds several releases and none was chosen.
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

extension HVSMR {
    /// The three forms in which the images were published; the raw value is the corresponding part of the file names.
    public enum Release: String, Hashable, Sendable, Codable, CaseIterable {
        /// The whole field of view, about 390 × 390 × 165 voxels.
        case axialFull = "axial_full"
        /// A box around the heart, 83 × 95 × 119 to 165 × 239 × 181 voxels.
        case axialCropped = "axial_crop"
        /// A box around the heart, rotated so that slices lie across the ventricles.
        case shortAxisCropped = "sa_crop"
    }
}

extension HVSMR {
    /// The files of one patient in one release.
    public struct Patient: Hashable, Sendable {
        /// The part of the file names that identifies the patient, such as `pat0`.
        public let id: String
        /// The patient number, counted from 0.
        public let number: Int
        /// The 3-D image.
        public let image: URL
        /// The label map; `nil` only if labels were not required.
        public let labels: URL?
    }
}

extension HVSMR.Patient {
    /// Groups files into patients, sorted by number, and lists everything that is missing or broken.
    static func all(in files: [HVSMR.File], requiringLabels: Bool) -> (patients: [Self], problems: [String]) {
        var patients: [Self] = []
        var problems: [String] = []
        for (number, own) in Dictionary(grouping: files, by: \.patient).sorted(by: { $0.key < $1.key }) {
            let image = single(own.filter { !$0.isLabels }, of: "image", problems: &problems)
            let sets = Dictionary(grouping: own.filter(\.isLabels)) { $0.labelSet! }
            // Prefer set A, then a set without a letter, then the others.
            let set = ["a", ""].first { sets[$0] != nil } ?? sets.keys.min()
            let labels = set.flatMap { single(sets[$0]!, of: "label map", problems: &problems) }
            if own.allSatisfy(\.isLabels) {
                problems.append("\(own[0].path) is there, but not the image that it belongs to")
            } else if set == nil, requiringLabels, let image {
                let stem = image.url.lastPathComponent.prefix { $0 != "." }
                problems.append("\(stem)-label.nii.gz is missing (labels of \(image.path))")
            }
            if let image {
                patients.append(Self(id: "pat\(number)", number: number, image: image.url, labels: labels?.url))
            }
        }
        return (patients, problems)
    }

    /// Returns the usable file, preferably compressed; records a fault if there are several, or if it is not a file.
    private static func single(
        _ files: [HVSMR.File], of kind: String, problems: inout [String]
    ) -> HVSMR.File? {
        let stem = { (file: HVSMR.File) in String(file.path.prefix { $0 != "." }) }
        guard let file = files.first(where: \.isCompressed) ?? files.first else { return nil }
        if let other = files.first(where: { stem($0) != stem(file) }) {
            problems.append("\(other.path) is a second \(kind) of pat\(file.patient) next to \(file.path); keep one")
            return nil
        }
        let path = file.url.path(percentEncoded: false)
        var isFolder = ObjCBool(false)
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue else {
            problems.append("\(file.path) is \(isFolder.boolValue ? "a folder" : "no file"), but must be a file")
            return nil
        }
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        if attributes?[.size] as? Int == 0 {
            problems.append("\(file.path) is empty")
            return nil
        }
        return file
    }
}

extension HVSMR {
    /// The axis of a file along which slices are stacked.
    public enum SliceAxis: String, Hashable, Sendable, Codable, CaseIterable {
        /// The upright axis in the axial releases, the third axis in the short-axis release.
        ///
        /// In the axial releases, the upright axis is found through the affine; their third axis runs from right to
        /// left, so that slices along it are sagittal images. In the short-axis release, the third axis is this
        /// package's choice, since no header contains the axes of the heart.
        case automatic
        /// The first axis.
        case x
        /// The second axis.
        case y
        /// The third axis.
        case slices
    }
}

extension HVSMR.SliceAxis {
    /// Returns the order of axes for a file of a release.
    ///
    /// - Throws: ``VolumesError/invalidField(file:field:found:expected:)`` if the affine is needed but gives no
    ///   orientation.
    func order(
        of image: NIfTI, release: HVSMR.Release, file: String
    ) throws(VolumesError) -> AxisPermutation {
        let orientation = image.orientation
        let axis: Int
        switch (self, release) {
        case (.x, _): axis = 0
        case (.y, _): axis = 1
        case (.slices, _), (.automatic, .shortAxisCropped): axis = 2
        case (.automatic, .axialFull), (.automatic, .axialCropped):
            guard let upright = orientation.map(Array.init)?.firstIndex(where: { "SI".contains($0) }) else {
                throw .invalidField(
                    file: file, field: "the affine", found: "none, or in contradiction to pixdim",
                    expected: "an orientation that tells which axis is upright; or name the axis of the slices")
            }
            axis = upright
        }
        return AxisPermutation(slicesAlong: axis, orientation: orientation)
    }
}
