import Foundation

/// Patients with 3-D images in a folder: in the layout of ``ACDC``, or in nnU-Net's for raw data, which most challenges
/// publish and into which a hospital can bring its own images.
///
/// ```swift
/// let data = try DataSet(contentsOf: URL(filePath: "Dataset027_ACDC"))
/// let scans = try await data.scans(preparedBy: Preprocessing())
/// ```
public struct DataSet: Sendable {
    /// The folder of the images or of the patients' folders.
    public let folder: URL
    /// The layout of the folder.
    public let layout: Layout
    /// The names of the classes in the label maps, indexed by label; the first is the background.
    public let classNames: [String]
    /// The names of an image's channels, such as `["T2", "ADC"]`.
    public let channelNames: [String]
    /// The patients, sorted by name; remove some to load fewer.
    public var patients: [Patient]

    /// The layout of the files of a data set.
    public enum Layout: String, Hashable, Sendable, Codable {
        /// The folders `patient001`, …, each with `Info.cfg`.
        case acdc
        /// `dataset.json`, `imagesTr`, and `labelsTr`.
        case nnUNet
    }

    /// A patient, with one image or, in the case of a beating heart, several.
    public struct Patient: Hashable, Sendable {
        /// The name of the patient, such as `patient001`.
        public let id: String
        /// The diagnosis, or any other group to which the patient belongs, if it is known.
        public let group: String?
        /// The scanner, if it is known.
        public let scanner: String?
        /// The images that labels belong to, in the order of their frames.
        public let images: [Image]
        /// The 4-D cine, if there is one.
        public let cine: Cine?

        init(id: String, group: String?, scanner: String? = nil, images: [Image], cine: Cine? = nil) {
            (self.id, self.group, self.scanner, self.images, self.cine) = (id, group, scanner, images, cine)
        }
    }

    /// The files of one image.
    public struct Image: Hashable, Sendable {
        /// The name of the image among those of the patient: `ED` and `ES` where the phases are known, otherwise the part
        /// of the file's name after the patient's, such as `frame01`; empty if there is only one image.
        public let name: String
        /// The number of the frame in the cine, counted from 1, if it is known.
        public let frame: Int?
        /// The phase of the cardiac cycle, if it is known.
        public let phase: ACDC.Phase?
        /// A file for each channel.
        public let channels: [URL]
        /// The label map, if there is one.
        public let labels: URL?
    }

    /// A 4-D file with all frames of a heartbeat.
    public struct Cine: Hashable, Sendable {
        /// The file.
        public let file: URL
        /// The number of frames.
        public let frameCount: Int
    }
}

extension DataSet {
    /// Creates the data set in a folder of either layout, by finding its patients without opening their images.
    ///
    /// - Parameters:
    ///   - folder: The folder with `dataset.json`, or one that ``ACDC/init(contentsOf:requiringLabels:)`` takes.
    ///   - requiringLabels: Whether an image without a label map is a fault.
    /// - Throws: One ``VolumesError`` that lists every missing or broken file.
    public init(contentsOf folder: URL, requiringLabels: Bool = true) throws(VolumesError) {
        let description = folder.appending(path: NNUNetDescription.fileName)
        if FileManager.default.fileExists(atPath: description.path(percentEncoded: false)) {
            try self.init(nnUNet: folder, requiringLabels: requiringLabels)
        } else {
            self.init(try ACDC(contentsOf: folder, requiringLabels: requiringLabels))
        }
    }

    /// Creates the data set of an ACDC folder.
    public init(_ acdc: ACDC) {
        (folder, layout, classNames, channelNames) = (acdc.folder, .acdc, ACDC.classNames, ["MRI"])
        patients = acdc.patients.map { patient in
            let images = patient.frames.sorted { $0.number < $1.number }.map { frame in
                Image(
                    name: frame.phase.rawValue, frame: frame.number, phase: frame.phase, channels: [frame.image],
                    labels: frame.labels)
            }
            return Patient(
                id: patient.id, group: patient.group?.rawValue, images: images,
                cine: patient.cine.map { Cine(file: $0, frameCount: patient.frameCount) })
        }
    }

    /// The group of every patient by name; `nil` if that of one is not known.
    public var groups: [String: String]? { table(\.group) }
    /// The scanner of every patient by name; `nil` if that of one is not known.
    public var scanners: [String: String]? { table(\.scanner) }

    private func table(_ property: (Patient) -> String?) -> [String: String]? {
        let known = patients.compactMap { patient in property(patient).map { (patient.id, $0) } }
        return known.count == patients.count ? Dictionary(uniqueKeysWithValues: known) : nil
    }
}
