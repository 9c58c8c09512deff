import FileIO
import Foundation

extension DataSet {
    /// A prepared 3-D image of a patient.
    public struct Scan: Sendable {
        /// The patient.
        public let patient: Patient
        /// The files of the image; for a frame of a cine, the 4-D file.
        public let image: Image
        /// The prepared image, with its labels if there are any.
        public let volume: PreparedVolume
    }

    /// The images of a patient to load.
    public enum FrameSelection: Sendable {
        /// Those that labels belong to; in ACDC, end diastole and end systole.
        case labelled
        /// Every frame of the 4-D cine.
        ///
        /// Only end diastole and end systole have labels. This selection loads about fifteen times as many images: at
        /// 192 × 192 pixels, a patient takes 40 MB.
        case all
    }

    /// Loads and prepares the images of all ``patients``, several patients at a time.
    ///
    /// At most `workers` patients are held in memory at their native resolution at any time. The result does not depend
    /// on the number of workers.
    ///
    /// - Parameters:
    ///   - preprocessing: The preprocessing applied to each image.
    ///   - selection: The images to load.
    ///   - withLabels: Whether to load label maps where they exist; otherwise their files are not opened.
    ///   - workers: The number of patients loaded concurrently.
    /// - Returns: The scans, ordered by patient and then by frame.
    /// - Throws: One ``VolumesError`` that lists every file that cannot be used.
    /// - Precondition: `workers > 0`.
    public func scans(
        preparedBy preprocessing: Preprocessing = Preprocessing(), frames selection: FrameSelection = .labelled,
        withLabels: Bool = true, workers: Int = ProcessInfo.processInfo.activeProcessorCount
    ) async throws(VolumesError) -> [Scan] {
        if case .all = selection, layout == .nnUNet {
            throw .incomplete(
                folder: folder.path(percentEncoded: false),
                problems: ["every frame of the cines was asked for, and nnU-Net's layout has no cines"])
        }
        let results = await concurrently(patients.count, workers: workers) { i in
            let reader = PatientReader(
                patient: patients[i], preprocessing: preprocessing, classCount: classNames.count)
            return reader.scans(frames: selection, withLabels: withLabels)
        }
        var scans: [Scan] = []
        var problems: [String] = []
        for result in results {
            switch result {
            case .success(let found): scans += found
            case .failure(let faults): problems += faults.descriptions
            }
        }
        guard problems.isEmpty else {
            throw .incomplete(folder: folder.path(percentEncoded: false), problems: problems)
        }
        return scans
    }
}

/// A reader of one patient's images.
private struct PatientReader {
    let patient: DataSet.Patient
    let preprocessing: Preprocessing
    let classCount: Int

    /// Returns the patient's prepared images, or all faults of its files.
    func scans(frames selection: DataSet.FrameSelection, withLabels: Bool) -> Result<[DataSet.Scan], Faults> {
        var scans: [DataSet.Scan] = []
        var faults: [String] = []
        for image in patient.images {
            do throws(VolumesError) {
                scans.append(try scan(image, withLabels: withLabels))
            } catch {
                faults.append(error.description)
            }
        }
        if case .all = selection {
            if let cine = patient.cine {
                do throws(VolumesError) { scans += try self.scans(of: cine) } catch { faults.append(error.description) }
            } else {
                faults.append("\(patient.id)/\(patient.id)_4d.nii.gz is missing, but every frame was asked for")
            }
        }
        guard faults.isEmpty else { return .failure(Faults(descriptions: faults)) }
        // Without a cine, the images are in order.
        guard case .all = selection else { return .success(scans) }
        return .success(scans.sorted { $0.image.frame ?? 0 < $1.image.frame ?? 0 })
    }

    private func scan(_ image: DataSet.Image, withLabels: Bool) throws(VolumesError) -> DataSet.Scan {
        var channels: [Volume] = []
        for url in image.channels {
            let channel = try Self.volume(at: url, frames: 1)
            if let first = channels.first { try Self.check(channel, at: url, against: first, "in the first channel") }
            channels.append(channel)
        }
        var labels: Volume?
        if withLabels, let url = image.labels {
            let map = try Self.volume(at: url, frames: 1)
            try Self.check(map, at: url, against: channels[0], "in the image")
            try checkLabels(map, at: url)
            labels = map
        }
        return DataSet.Scan(patient: patient, image: image, volume: preprocessing(channels, labels: labels))
    }

    /// Returns the frames of a cine that have no file of their own.
    private func scans(of cine: DataSet.Cine) throws(VolumesError) -> [DataSet.Scan] {
        let frames = try Self.volume(at: cine.file, frames: cine.frameCount)
        let others = Set(1...cine.frameCount).subtracting(patient.images.compactMap(\.frame)).sorted()
        return others.map { number in
            DataSet.Scan(
                patient: patient,
                image: DataSet.Image(
                    name: "frame\(number)", frame: number, phase: nil, channels: [cine.file], labels: nil),
                volume: preprocessing(frames.frame(number - 1)))
        }
    }

    /// Reads the volume in a file, which must have the given number of frames.
    private static func volume(at url: URL, frames: Int) throws(VolumesError) -> Volume {
        let volume = try NIfTI(scanAt: url).volume
        guard volume.extent.frames == frames else {
            throw .invalidField(
                file: url.path(percentEncoded: false), field: "dim[4]", found: "\(volume.extent.frames)",
                expected: "\(frames)")
        }
        return volume
    }

    /// Checks that a volume has the size of another one, and throws otherwise.
    private static func check(
        _ volume: Volume, at url: URL, against other: Volume, _ place: String
    ) throws(VolumesError) {
        guard volume.extent == other.extent else {
            throw .invalidField(
                file: url.path(percentEncoded: false), field: "dim", found: "\(volume.extent)",
                expected: "\(other.extent) as \(place)")
        }
    }

    /// Checks that a label map has no values other than the labels, and throws otherwise.
    private func checkLabels(_ labels: Volume, at url: URL) throws(VolumesError) {
        let last = Float(classCount - 1)
        if let wrong = labels.voxels.first(where: { !($0 >= 0 && $0 <= last && $0 == $0.rounded()) }) {
            throw .invalidField(
                file: url.path(percentEncoded: false), field: "a label", found: "\(wrong)",
                expected: "a whole number from 0 to \(classCount - 1)")
        }
    }
}
