import FileIO
import Foundation

extension HVSMR {
    /// A prepared image, with the mapping back to the grid of its file.
    public struct Scan: Sendable {
        /// The patient.
        public let patient: Patient
        /// The slices, with labels 0 … 2 if the image has labels.
        ///
        /// All slices are kept: about 100 to 240 in the cropped axial release and 250 to 530 in the full one, many of
        /// them far from the heart. ``PreparedVolume/sliceCount`` is their number.
        public let volume: PreparedVolume
        /// The permutation from the axes of the file to those of ``volume``.
        public let order: AxisPermutation
        /// The geometry in the header of the file, for writing a prediction.
        public let geometry: NIfTI.Geometry

        /// Returns a label map on the prepared grid, mapped back to the grid of the file.
        ///
        /// - Parameter labels: The label map, `[slice, row, column]` as in ``volume``.
        /// - Precondition: `labels` fills the prepared grid.
        public func restored(labels: [UInt8]) -> Volume {
            volume.restored(labels: labels).permuted(by: order.inverted)
        }

        /// Computes a label map on the grid of the file from scores on the prepared grid.
        ///
        /// - Parameters:
        ///   - scores: Probabilities or logits, `[slice, row, column, class]`.
        ///   - classes: The number of classes, including the background.
        /// - Precondition: The same as for ``PreparedVolume/restored(scores:classes:)``.
        public func restored(scores: [Float], classes: Int) -> Volume {
            volume.restored(scores: scores, classes: classes).permuted(by: order.inverted)
        }
    }

    /// Loads and prepares the images of all ``patients``, several patients at a time.
    ///
    /// Slices follow the radiological convention for axial images, as far as the affine determines it: columns run to
    /// the patient's left, rows to the back, and slices to the feet. In sagittal slices, columns run to the back, rows
    /// to the feet, and slices to the left; in coronal slices, columns run to the left, rows to the feet, and slices to
    /// the front. Files without an orientation keep their order of axes. At most `workers` patients are held in memory
    /// at their native resolution at any time; the result does not depend on that number.
    ///
    /// - Parameters:
    ///   - preprocessing: The preprocessing applied to each image, once its slices lie along the third axis.
    ///   - sliceAxis: The axis of the file along which slices are stacked.
    ///   - withLabels: Whether to load label maps where they exist; otherwise their files are not opened.
    ///   - workers: The number of patients loaded concurrently.
    /// - Returns: The scans, ordered by patient.
    /// - Throws: One ``VolumesError`` that lists the faults of all files.
    /// - Precondition: `workers > 0`.
    public func scans(
        preparedBy preprocessing: Preprocessing = Preprocessing(), slicing sliceAxis: SliceAxis = .automatic,
        withLabels: Bool = true, workers: Int = ProcessInfo.processInfo.activeProcessorCount
    ) async throws(VolumesError) -> [Scan] {
        let results = await concurrently(patients.count, workers: workers) { i in
            patients[i].scan(
                of: release, preparedBy: preprocessing, slicing: sliceAxis, withLabels: withLabels)
        }
        var scans: [Scan] = []
        var problems: [String] = []
        for result in results {
            switch result {
            case .success(let scan): scans.append(scan)
            case .failure(let faults): problems += faults.descriptions
            }
        }
        guard problems.isEmpty else {
            throw .incomplete(folder: folder.path(percentEncoded: false), problems: problems)
        }
        return scans
    }
}

extension HVSMR.Patient {
    /// Returns the patient's prepared image, or all faults of its files.
    func scan(
        of release: HVSMR.Release, preparedBy preprocessing: Preprocessing, slicing sliceAxis: HVSMR.SliceAxis,
        withLabels: Bool
    ) -> Result<HVSMR.Scan, Faults> {
        var faults: [String] = []
        func attempt<Value>(_ body: () throws(VolumesError) -> Value) -> Value? {
            do throws(VolumesError) {
                return try body()
            } catch {
                faults.append(error.description)
                return nil
            }
        }
        let nifti = attempt { () throws(VolumesError) in try Self.read(image) }
        let order = nifti.flatMap { nifti in
            attempt { () throws(VolumesError) in
                try sliceAxis.order(of: nifti, release: release, file: image.path(percentEncoded: false))
            }
        }
        var map: Volume?
        if withLabels, let labels, let found = attempt({ () throws(VolumesError) in try Self.read(labels) }) {
            let problems = Self.faults(of: found, at: labels, against: nifti)
            faults += problems.map(\.description)
            map = found.volume
        }
        guard let nifti, let order, faults.isEmpty else { return .failure(Faults(descriptions: faults)) }
        return .success(
            HVSMR.Scan(
                patient: self,
                volume: preprocessing(
                    nifti.volume.permuted(by: order), labels: map.map(Self.merged)?.permuted(by: order)),
                order: order, geometry: nifti.geometry))
    }

    /// Reads the 3-D image in a file.
    private static func read(_ url: URL) throws(VolumesError) -> NIfTI {
        let nifti = try NIfTI(scanAt: url)
        guard nifti.volume.extent.frames == 1 else {
            throw .invalidField(
                file: url.path(percentEncoded: false), field: "dim[4]", found: "\(nifti.volume.extent.frames)",
                expected: "1")
        }
        return nifti
    }

    /// Returns a label map whose separately labeled vessels are merged into the blood pool.
    private static func merged(_ labels: Volume) -> Volume {
        var labels = labels
        for i in labels.voxels.indices where labels.voxels[i] > 2 { labels.voxels[i] = 2 }
        return labels
    }

    /// Returns the faults of a label map: mismatches with its image, and values that are not labels.
    private static func faults(of labels: NIfTI, at url: URL, against image: NIfTI?) -> [VolumesError] {
        let file = url.path(percentEncoded: false)
        var faults: [VolumesError] = []
        func fault(_ field: String, _ found: String, _ expected: String) {
            faults.append(.invalidField(file: file, field: field, found: found, expected: expected))
        }
        if let image {
            let (own, other) = (labels.volume, image.volume)
            if own.extent != other.extent { fault("dim", "\(own.extent)", "\(other.extent) as in the image") }
            let axes = [\Volume.Spacing.x, \.y, \.slice]
            if axes.contains(where: { abs(own.spacing[keyPath: $0] / other.spacing[keyPath: $0] - 1) > 1e-3 }) {
                let text = { (spacing: Volume.Spacing) in "\(spacing.x) × \(spacing.y) × \(spacing.slice) mm" }
                fault("pixdim", text(own.spacing), text(other.spacing) + " as in the image")
            }
            if let found = labels.orientation, let expected = image.orientation, found != expected {
                fault("orientation", found, "\(expected) as in the image")
            }
        }
        let foreign = labels.volume.voxels.filter { !($0 == 0 || $0 == 1 || $0 == 2 || $0 == 64 || $0 == 71) }
        if let first = foreign.first {
            let count = foreign.count == 1 ? "one voxel" : "\(foreign.count) voxels, this one first"
            fault("a label", "\(first) in \(count)", "0, 1, 2, or 64 or 71 in the second label set")
        }
        return faults
    }
}

extension HVSMR {
    /// A file whose name follows the naming scheme of the data set.
    struct File: Hashable, Sendable {
        let url: URL
        /// The path relative to the searched folder.
        let path: String
        let release: Release
        let patient: Int
        let isTesting: Bool
        /// The label set, such as `a`, in lowercase; empty if the name has none, `nil` for an image.
        let labelSet: String?

        var isLabels: Bool { labelSet != nil }
        var isCompressed: Bool { path.lowercased().hasSuffix(".gz") }

        /// Creates a file by parsing its name; returns `nil` for a file of another kind.
        init?(_ url: URL, path: String) {
            var rest = url.lastPathComponent.lowercased()[...]
            func drop(_ prefix: String) -> Bool {
                guard rest.hasPrefix(prefix) else { return false }
                rest = rest.dropFirst(prefix.count)
                return true
            }
            if drop("training_") {
                isTesting = false
            } else if drop("testing_") || drop("test_") {
                isTesting = true
            } else {
                return nil
            }
            guard let release = Release.allCases.first(where: { drop($0.rawValue + "_pat") }) else { return nil }
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            guard digits.count <= 6, let patient = Int(digits) else { return nil }
            rest = rest.dropFirst(digits.count)
            guard let ending = [".nii.gz", ".nii"].first(where: { rest.hasSuffix($0) }) else { return nil }
            rest = rest.dropLast(ending.count)
            if rest.isEmpty {
                labelSet = nil
            } else if drop("-label") || drop("_label") {
                guard rest.isEmpty || rest.count == 2 && "-_".contains(rest.first!) else { return nil }
                labelSet = String(rest.dropFirst())
            } else {
                return nil
            }
            (self.url, self.path, self.release, self.patient) = (url, path, release, patient)
        }

        /// Returns all files of the data set in a folder and its subfolders, sorted by path.
        static func all(under folder: URL, depth: Int = 4) throws(VolumesError) -> [File] {
            guard let found = files(in: folder, path: "", depth: depth) else {
                throw .unreadable(
                    file: folder.path(percentEncoded: false), reason: "its contents cannot be listed")
            }
            return found.sorted { $0.path < $1.path }
        }

        private static func files(in folder: URL, path: String, depth: Int) -> [File]? {
            guard
                let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path(percentEncoded: false))
            else { return nil }
            return names.filter { !$0.hasPrefix(".") }.flatMap { name -> [File] in
                let url = folder.appending(path: name)
                if let file = File(url, path: path + name) { return [file] }
                var isFolder = ObjCBool(false)
                guard
                    depth > 0,
                    FileManager.default.fileExists(atPath: url.path(percentEncoded: false), isDirectory: &isFolder),
                    isFolder.boolValue
                else { return [] }
                return files(in: url, path: path + name + "/", depth: depth - 1) ?? []
            }
        }
    }
}
