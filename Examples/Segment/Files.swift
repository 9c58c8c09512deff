import Foundation
import Reporting
import Support
import Volumes

/// An image to segment, and the name of its label map.
struct Input: Sendable, Hashable {
    /// The path as the user gave it.
    let file: String
    /// The file name without folder, `.nii`, and `.gz`; for several channels, also without the number of the first.
    let name: String
    /// The files of the further channels.
    var furtherChannels: [String] = []
    /// The file that holds the image, if it was made from `file`.
    var contents: URL?
    /// The DICOM export that the image is from.
    var export: DICOMExportInput?
    /// The body of the patient, if the export tells.
    var body: Body?
    /// The reason that there is no image, as a sentence.
    var refusal: String?
    /// Warnings of the export, each a sentence.
    var warnings: [String] = []

    var url: URL { contents ?? URL(fileURLWithPath: file) }
    /// The files of all channels.
    var urls: [URL] { [url] + furtherChannels.map { URL(fileURLWithPath: $0) } }

    /// The file name of the label map.
    private(set) var labelName = ""

    /// The names of the segmentation objects of an export's end diastole and end systole, or of its first frame.
    func objectNames(_ moments: ACDC.Moments?) -> [(name: String, frame: Int)] {
        guard export != nil else { return [] }
        let stem = labelName.dropLast(".nii.gz".count)
        guard let moments else { return [("\(stem).dcm", 1)] }
        return [("\(stem)_ED.dcm", moments.endDiastole), ("\(stem)_ES.dcm", moments.endSystole)]
    }

    /// A frame of a cine in a file of its own.
    struct Frame: Hashable {
        /// The path up to `_frame01`.
        var patient: String
        /// The frame number in the name, from 1.
        var number: Int
    }

    /// The frame that a name such as `patient001_frame01` stands for; `nil` for other names.
    var frame: Frame? {
        guard let range = name.range(of: "_frame", options: .backwards), let number = Int(name[range.upperBound...])
        else { return nil }
        let patient = url.deletingLastPathComponent().appendingPathComponent(String(name[..<range.lowerBound]))
        return Frame(patient: patient.path, number: number)
    }

    /// Returns the images that the arguments name: files themselves, and all images in folders and their subfolders.
    ///
    /// - Parameters:
    ///   - channels: The number of channels of an image; if it is not 1, the channels of `CASE` are the files `CASE_0000`,
    ///     `CASE_0001`, and so on, of which the arguments name the first.
    ///   - names: The names of the label maps.
    ///   - exported: Images that were made from DICOM exports, in addition.
    static func all(
        _ arguments: [String], channels: Int, names: OutputName, exported: [Input] = []
    ) throws(Failure) -> [Input] {
        var files: [String] = []
        for argument in arguments {
            var isFolder = ObjCBool(false)
            guard FileManager.default.fileExists(atPath: argument, isDirectory: &isFolder) else {
                throw .noInput("\(argument): there is no such file or folder; check the path.")
            }
            let found = isFolder.boolValue ? try images(in: argument) : [argument]
            for file in found where !files.contains(file) { files.append(file) }
        }
        var inputs = files.map {
            Input(
                file: $0,
                name: NIfTI.stem(of: $0) ?? (($0 as NSString).lastPathComponent as NSString).deletingPathExtension)
        }
        if channels > 1 { inputs = try joined(inputs, channels) }
        inputs += exported
        for index in inputs.indices { try inputs[index].giveName(names) }
        var owners: [String: String] = [:]
        for input in inputs {
            if let other = owners.updateValue(input.file, forKey: input.labelName) {
                throw .usage(
                    "\(other) and \(input.file) would both be written to \(input.labelName); "
                        + "segment them into two folders.")
            }
        }
        return inputs
    }

    private mutating func giveName(_ names: OutputName) throws(Failure) {
        let patient = name.range(of: "_frame", options: .backwards).map { String(name[..<$0.lowerBound]) } ?? name
        var phase: ACDC.Phase?
        if names.needsPhase {
            let info = try? ACDC.Info(ofPatientIn: url.deletingLastPathComponent())
            phase = frame.flatMap { info?.moments.phase(ofFrame: $0.number) }
            if phase == nil {
                throw .usage("\(file): no Info.cfg beside it tells its phase, which --name asks for.")
            }
        }
        labelName = names.name(case: name, patient: patient, phase: phase?.rawValue)
    }

    /// Returns inputs of several channels each.
    private static func joined(_ inputs: [Input], _ count: Int) throws(Failure) -> [Input] {
        var cases: [Input] = []
        for input in inputs {
            guard let digits = input.name.range(of: "_[0-9]{4}$", options: .regularExpression) else {
                throw .usage(
                    "\(input.file): the model takes images of \(count) channels; name the first, as CASE_0000.nii.gz.")
            }
            guard input.name[digits] == "_0000" else { continue }
            let ending = String((input.file as NSString).lastPathComponent.dropFirst(input.name.count))
            let stem = String(input.file.dropLast(ending.count + 4))
            let further = (1..<count).map { stem + String(format: "%04d", $0) + ending }
            if let absent = further.first(where: { !FileManager.default.fileExists(atPath: $0) }) {
                throw .noInput("\(absent): there is no such file; the model takes images of \(count) channels.")
            }
            cases.append(
                Input(file: input.file, name: String(input.name[..<digits.lowerBound]), furtherChannels: further))
        }
        guard !cases.isEmpty else {
            throw .noInput("none of the inputs is a first channel, CASE_0000.nii.gz, and the model takes \(count).")
        }
        return cases
    }

    /// Returns the `.nii` and `.nii.gz` files below a folder whose names are not those of label maps, in alphabetical
    /// order.
    private static func images(in folder: String) throws(Failure) -> [String] {
        let files: [String]
        do throws(VolumesError) { files = try NIfTI.files(in: folder) } catch { throw Failure(error) }
        let images = files.filter { file in
            let stem = NIfTI.stem(of: file)!
            return !stem.hasSuffix("_gt") && !stem.hasSuffix("_seg")
        }
        guard !images.isEmpty else {
            throw .noInput(
                "\(folder): there is no .nii or .nii.gz file in it, nor in the folders in it, that is an image; "
                    + "names that end in _gt or _seg are label maps.")
        }
        return images
    }
}

/// The folder for label maps and their summary.
struct OutputFolder {
    let url: URL

    static let summaryName = "segmentation.json"

    /// Creates the folder if needed, and checks that none of the files exist in it.
    ///
    /// - Parameters:
    ///   - files: The names of the files to be written next to the summary.
    ///   - replacing: Whether the files may exist already.
    init(_ path: String, files: [String], replacing: Bool) throws(Failure) {
        url = URL(fileURLWithPath: path, isDirectory: true)
        do {
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        } catch {
            throw .cannotCreate("\(path): the folder cannot be made: \(error.localizedDescription)")
        }
        try refuse(files + [Self.summaryName], replacing: replacing)
    }

    /// Checks that none of the files exist in the folder, unless they may be replaced.
    func refuse(_ files: [String], replacing: Bool) throws(Failure) {
        if replacing { return }
        let present = files.filter {
            FileManager.default.fileExists(atPath: url.appendingPathComponent($0).path)
        }
        guard let first = present.first else { return }
        let more = present.count == 1 ? "" : ", and \(present.count - 1) more of its files"
        throw .cannotCreate(
            "\(url.relativePath): \(first) is there already\(more); name another folder, or pass --force to replace it."
        )
    }

    /// Writes a text file.
    func write(_ text: String, to name: String) throws(Failure) {
        let file = url.appendingPathComponent(name)
        do { try Data(text.utf8).write(to: file, options: .atomic) } catch {
            throw .cannotWrite("\(file.path): cannot be written: \(error.localizedDescription)")
        }
    }

    /// Moves a file of the folder to a place on the same volume, where it replaces another one.
    func move(_ path: String, to place: String) throws(Failure) {
        guard rename(path, place) == 0 else {
            throw .cannotWrite("\(place): cannot be written: \(String(cString: strerror(errno)))")
        }
    }

    /// Writes the summary and returns its contents: a JSON object with keys in alphabetical order.
    func write(_ summary: SegmentationSummary) throws -> Data {
        let data = try ReadableJSON.data(summary)
        let file = url.appendingPathComponent(Self.summaryName)
        do { try data.write(to: file, options: .atomic) } catch {
            throw Failure.cannotWrite("\(file.path): cannot be written: \(error.localizedDescription)")
        }
        return data
    }
}

/// A folder that only this user can read, for the time being.
struct TemporaryFolder: Sendable {
    let url: URL

    init() throws(Failure) {
        url = FileManager.default.temporaryDirectory.appendingPathComponent("segment-\(UUID().uuidString)")
        _ = try make(url)
    }

    /// Makes a folder in the folder.
    func folder(_ name: String) throws(Failure) -> URL { try make(url.appendingPathComponent(name)) }

    func remove() { try? FileManager.default.removeItem(at: url) }

    private func make(_ folder: URL) throws(Failure) -> URL {
        do {
            try FileManager.default.createDirectory(
                at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw .cannotCreate("\(folder.path): the folder cannot be made: \(error.localizedDescription)")
        }
        return folder
    }
}
