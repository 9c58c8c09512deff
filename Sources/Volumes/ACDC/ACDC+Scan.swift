import FileIO
import Foundation

extension ACDC {
    /// One prepared 3-D image of a patient.
    public struct Scan: Sendable {
        /// Whose it is.
        public let patient: Patient
        /// Its number in the cine, from 1.
        public let frame: Int
        /// End diastole or end systole; `nil` for the other frames of a cine.
        public let phase: Phase?
        /// The image, with its labels where there are any.
        public let volume: PreparedVolume
    }

    /// Which images of a patient are loaded.
    public enum FrameSelection: Sendable {
        /// End diastole and end systole.
        case labelled
        /// Every frame of the 4-D cine; all but end diastole and end systole are without labels. About fifteen times as
        /// many images: at 192 × 192 pixels, a patient takes 40 MB.
        case all
    }

    /// Loads and prepares the images of all ``patients``, several patients at a time.
    ///
    /// At most `workers` patients are held at their native resolution at any moment. The result does not depend on the
    /// number of workers.
    ///
    /// - Parameters:
    ///   - preprocessing: What happens to each image.
    ///   - selection: Which frames are loaded.
    ///   - withLabels: Whether label maps are loaded where there are any; without them, their files are not opened.
    ///   - workers: Patients loaded at a time.
    /// - Returns: The scans in the order of the patients, each patient's in the order of the frames.
    /// - Throws: One ``VolumesError`` that lists every file that cannot be used.
    /// - Precondition: `workers > 0`.
    public func scans(
        preparedBy preprocessing: Preprocessing = Preprocessing(), frames selection: FrameSelection = .labelled,
        withLabels: Bool = true, workers: Int = ProcessInfo.processInfo.activeProcessorCount
    ) async throws(VolumesError) -> [Scan] {
        let results = await concurrently(patients.count, workers: workers) { i in
            patients[i].scans(preparedBy: preprocessing, frames: selection, withLabels: withLabels)
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

extension ACDC.Patient {
    /// The patient's prepared images, or everything that is wrong with the files.
    func scans(
        preparedBy preprocessing: Preprocessing, frames selection: ACDC.FrameSelection, withLabels: Bool
    ) -> Result<[ACDC.Scan], Faults> {
        var scans: [ACDC.Scan] = []
        var faults: [String] = []
        for frame in frames {
            do throws(VolumesError) {
                let image = try Self.volume(at: frame.image, frames: 1)
                var labels: Volume?
                if withLabels, let url = frame.labels {
                    let map = try Self.volume(at: url, frames: 1)
                    try Self.check(map, at: url, against: image)
                    labels = map
                }
                scans.append(
                    ACDC.Scan(
                        patient: self, frame: frame.number, phase: frame.phase,
                        volume: preprocessing(image, labels: labels)))
            } catch {
                faults.append(error.description)
            }
        }
        if case .all = selection {
            if let cine {
                do throws(VolumesError) {
                    let frames = try Self.volume(at: cine, frames: frameCount)
                    for number in 1...frameCount where number != endDiastole && number != endSystole {
                        scans.append(
                            ACDC.Scan(
                                patient: self, frame: number, phase: nil,
                                volume: preprocessing(frames.frame(number - 1))))
                    }
                } catch {
                    faults.append(error.description)
                }
            } else {
                faults.append("\(id)/\(id)_4d.nii.gz is missing, but every frame was asked for")
            }
        }
        scans.sort { $0.frame < $1.frame }
        return faults.isEmpty ? .success(scans) : .failure(Faults(descriptions: faults))
    }

    /// The volume in a file, which must have that many frames.
    private static func volume(at url: URL, frames: Int) throws(VolumesError) -> Volume {
        let volume = try NIfTI(contentsOf: url).volume
        guard volume.extent.frames == frames else {
            throw .invalidField(
                file: url.path(percentEncoded: false), field: "dim[4]", found: "\(volume.extent.frames)",
                expected: "\(frames)")
        }
        return volume
    }

    /// Throws unless a label map has the image's extents and no other values than the labels.
    private static func check(_ labels: Volume, at url: URL, against image: Volume) throws(VolumesError) {
        let file = url.path(percentEncoded: false)
        guard labels.extent == image.extent else {
            throw .invalidField(
                file: file, field: "dim", found: "\(labels.extent)", expected: "\(image.extent) as in the image")
        }
        let last = Float(ACDC.classNames.count - 1)
        if let wrong = labels.voxels.first(where: { !($0 >= 0 && $0 <= last && $0 == $0.rounded()) }) {
            throw .invalidField(file: file, field: "a label", found: "\(wrong)", expected: "0, 1, 2 or 3")
        }
    }
}
