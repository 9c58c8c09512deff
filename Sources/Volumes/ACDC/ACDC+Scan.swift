import FileIO
import Foundation

extension ACDC {
    /// A prepared 3-D image of a patient.
    public struct Scan: Sendable {
        /// The patient.
        public let patient: Patient
        /// The number of the frame in the cine, counted from 1.
        public let frame: Int
        /// The phase, end diastole or end systole; `nil` for the other frames of a cine.
        public let phase: Phase?
        /// The image, with its labels if there are any.
        public let volume: PreparedVolume
    }

    /// The frames of a patient to load.
    public enum FrameSelection: Sendable {
        /// End diastole and end systole.
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
    ///   - selection: The frames to load.
    ///   - withLabels: Whether to load label maps where they exist; otherwise their files are not opened.
    ///   - workers: The number of patients loaded concurrently.
    /// - Returns: The scans, ordered by patient and then by frame.
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
    /// Returns the patient's prepared images, or all faults of its files.
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

    /// Checks that a label map has the size of the image and no values other than the labels, and throws otherwise.
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

extension ACDC {
    /// The contents of `Info.cfg`: lines of the form `Key: value`, always in the same order.
    package struct Info: Hashable, Sendable {
        package var endDiastole: Int
        package var endSystole: Int
        package var group: Group?
        package var height: Double?
        package var frameCount: Int
        package var weight: Double?

        package init(
            endDiastole: Int, endSystole: Int, group: Group?, height: Double?, frameCount: Int, weight: Double?
        ) {
            (self.endDiastole, self.endSystole, self.group) = (endDiastole, endSystole, group)
            (self.height, self.frameCount, self.weight) = (height, frameCount, weight)
        }

        /// The text of the file.
        package var text: String {
            """
            ED: \(endDiastole)
            ES: \(endSystole)
            Group: \(group?.rawValue ?? "")
            Height: \(height ?? 0)
            NbFrame: \(frameCount)
            Weight: \(weight ?? 0)

            """
        }

        /// Reads a file and returns its contents, or all of its faults.
        static func reading(_ url: URL, name: String) -> Result<Self, Faults> {
            let path = url.path(percentEncoded: false)
            var isFolder = ObjCBool(false)
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
                let folder = url.deletingLastPathComponent().path(percentEncoded: false)
                guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
                    let folderName = name.split(separator: "/").first ?? "it"
                    return .failure(Faults(descriptions: ["\(folderName) is a file, but must be a folder"]))
                }
                return .failure(Faults(descriptions: ["\(name) is missing"]))
            }
            // Real files have 70 bytes. The limit keeps a wrong file from being read in full.
            guard !isFolder.boolValue, let handle = FileHandle(forReadingAtPath: path),
                let data = try? handle.read(upToCount: 65_536)
            else { return .failure(Faults(descriptions: ["\(name) cannot be read"])) }
            return parsing(String(decoding: data, as: UTF8.self), name: name)
        }

        /// Parses a text and returns its contents, or all of its faults.
        static func parsing(_ text: String, name: String) -> Result<Self, Faults> {
            var values: [String: String] = [:]
            for line in text.split(whereSeparator: \.isNewline) {
                guard let colon = line.firstIndex(of: ":") else { continue }
                let key = line[..<colon].trimmingCharacters(in: .whitespaces)
                values[key] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            }
            var faults: [String] = []
            func frame(_ key: String, upTo limit: Int) -> Int? {
                guard let value = values[key] else {
                    faults.append("\(name) has no \(key)")
                    return nil
                }
                guard let number = Int(value), number >= 1, number <= limit else {
                    let range = limit == 1000 ? "1 to 1000" : "1 to NbFrame, \(limit)"
                    faults.append("\(name): \(key) is '\(value.prefix(40))', but must be a whole number from \(range)")
                    return nil
                }
                return number
            }
            let count = frame("NbFrame", upTo: 1000)
            let diastole = frame("ED", upTo: count ?? 1000)
            let systole = frame("ES", upTo: count ?? 1000)
            if let diastole, diastole == systole {
                faults.append("\(name): ED and ES are both frame \(diastole), but must differ")
            }
            let group = values["Group"].flatMap { $0.isEmpty ? nil : $0 }
            if let group, Group(rawValue: group) == nil {
                let names = Group.allCases.map(\.rawValue).joined(separator: ", ")
                faults.append("\(name): Group is '\(group.prefix(40))', but must be one of \(names)")
            }
            guard let count, let diastole, let systole, faults.isEmpty else {
                return .failure(Faults(descriptions: faults))
            }
            return .success(
                Self(
                    endDiastole: diastole, endSystole: systole, group: group.flatMap(Group.init),
                    height: values["Height"].flatMap(Double.init), frameCount: count,
                    weight: values["Weight"].flatMap(Double.init)))
        }
    }
}

extension ACDC {
    /// The frame numbers of end diastole and end systole in the cine of one patient, counted from 1.
    package struct Moments: Hashable, Sendable {
        package var endDiastole: Int
        package var endSystole: Int

        package init(endDiastole: Int, endSystole: Int) {
            (self.endDiastole, self.endSystole) = (endDiastole, endSystole)
        }

        /// Creates the moments by reading `Info.cfg` in a patient's folder; returns `nil` if there is no such file.
        ///
        /// - Throws: ``VolumesError/incomplete(folder:problems:)`` for an invalid file.
        package init?(ofPatientIn folder: URL) throws(VolumesError) {
            let url = folder.appending(path: "Info.cfg")
            guard FileManager.default.fileExists(atPath: url.path(percentEncoded: false)) else { return nil }
            switch Info.reading(url, name: "\(folder.lastPathComponent)/Info.cfg") {
            case .success(let info): (endDiastole, endSystole) = (info.endDiastole, info.endSystole)
            case .failure(let faults):
                throw .incomplete(folder: folder.path(percentEncoded: false), problems: faults.descriptions)
            }
        }
    }
}
