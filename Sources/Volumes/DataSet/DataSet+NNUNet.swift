import Foundation

extension DataSet {
    /// Creates the data set in a folder of nnU-Net's layout for raw data.
    ///
    /// Read are `dataset.json`, `imagesTr/CASE_0000.nii.gz` with one file per channel, `labelsTr/CASE.nii.gz`, and, if
    /// there is one, `patients.csv` with the columns `patient`, `group`, `scanner`, `ED`, and `ES`. The patient is the
    /// case, or its name before `_frame`. Files in `imagesTs` are those of a challenge's final test, and are not
    /// touched.
    ///
    /// - Throws: One ``VolumesError`` that lists every missing or broken file.
    init(nnUNet folder: URL, requiringLabels: Bool) throws(VolumesError) {
        let path = folder.path(percentEncoded: false)
        var problems: [String] = []
        func value<Value>(_ result: Result<Value, Faults>) -> Value? {
            switch result {
            case .success(let value): return value
            case .failure(let faults):
                problems += faults.descriptions
                return nil
            }
        }
        let description = value(NNUNetDescription.reading(folder))
        let table = value(PatientTable.reading(folder))
        guard let description, let table else { throw .incomplete(folder: path, problems: problems) }
        let files = value(NNUNetFiles.finding(in: folder, description))
        guard let files else { throw .incomplete(folder: path, problems: problems) }
        problems += files.faults(requiringLabels: requiringLabels)
        guard problems.isEmpty else { throw .incomplete(folder: path, problems: problems) }
        (self.folder, layout) = (folder, .nnUNet)
        (classNames, channelNames) = (description.classNames, description.channelNames)
        patients = files.patients(described: table)
    }
}

/// The cases of a folder in nnU-Net's layout.
private struct NNUNetFiles {
    /// The image files of each case, by channel.
    private var images: [String: [Int: URL]] = [:]
    /// The label map of each case.
    private var labels: [String: URL] = [:]
    /// The faults of single files.
    private var faults: [String] = []
    private let description: NNUNetDescription

    /// Returns the files of a folder.
    static func finding(in folder: URL, _ description: NNUNetDescription) -> Result<Self, Faults> {
        var found = Self(description: description)
        guard let images = names(in: folder.appending(path: "imagesTr"), description.fileEnding) else {
            return .failure(Faults(descriptions: ["imagesTr is missing: the folder of the images"]))
        }
        for (name, url) in images {
            guard let (caseName, channel) = channel(of: name) else {
                found.faults.append(
                    "imagesTr/\(url.lastPathComponent) does not end with the number of a channel, such as _0000; convert "
                        + "data of the Medical Segmentation Decathlon by nnUNetv2_convert_MSD_dataset")
                continue
            }
            found.check(url, "imagesTr")
            found.images[caseName, default: [:]][channel] = url
        }
        for (name, url) in names(in: folder.appending(path: "labelsTr"), description.fileEnding) ?? [] {
            found.check(url, "labelsTr")
            found.labels[name] = url
        }
        if found.images.isEmpty, found.faults.isEmpty {
            found.faults.append("imagesTr has no file that ends with \(description.fileEnding)")
        }
        return .success(found)
    }

    private init(description: NNUNetDescription) { self.description = description }

    /// Returns the files with an ending, sorted, with their names before it; `nil` if the folder cannot be listed.
    private static func names(in folder: URL, _ ending: String) -> [(name: String, url: URL)]? {
        guard let entries = try? FileManager.default.contentsOfDirectory(atPath: folder.path(percentEncoded: false))
        else { return nil }
        return entries.filter { $0.hasSuffix(ending) && !$0.hasPrefix(".") }.sorted()
            .map { (String($0.dropLast(ending.count)), folder.appending(path: $0)) }
    }

    /// Splits `CASE_0001` into the case and the channel.
    private static func channel(of name: String) -> (String, Int)? {
        let digits = name.suffix(4)
        guard name.count > 5, name.dropLast(4).hasSuffix("_"), digits.allSatisfy({ $0.isASCII && $0.isNumber }),
            let number = Int(digits)
        else { return nil }
        return (String(name.dropLast(5)), number)
    }

    private mutating func check(_ url: URL, _ folder: String) {
        let path = url.path(percentEncoded: false)
        var isFolder = ObjCBool(false)
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue else {
            faults.append("\(folder)/\(url.lastPathComponent) is no file")
            return
        }
        // The attributes of a link are not those of its file.
        let target = url.resolvingSymlinksInPath().path(percentEncoded: false)
        if (try? FileManager.default.attributesOfItem(atPath: target))?[.size] as? Int == 0 {
            faults.append("\(folder)/\(url.lastPathComponent) is empty")
        }
    }

    /// Returns everything that is wrong with the files.
    func faults(requiringLabels: Bool) -> [String] {
        var faults = self.faults
        let ending = description.fileEnding
        for (name, channels) in images.sorted(by: { $0.key < $1.key }) {
            for channel in description.channelNames.indices where channels[channel] == nil {
                faults.append("imagesTr/\(name)_\(Self.fourDigits(channel))\(ending) is missing")
            }
            for channel in channels.keys.sorted() where channel >= description.channelNames.count {
                faults.append(
                    "imagesTr/\(name)_\(Self.fourDigits(channel))\(ending) is a channel that \(NNUNetDescription.fileName) "
                        + "does not name")
            }
            if requiringLabels, labels[name] == nil { faults.append("labelsTr/\(name)\(ending) is missing") }
        }
        for name in labels.keys.sorted() where images[name] == nil {
            faults.append("labelsTr/\(name)\(ending) is there, but not the image that it belongs to")
        }
        return faults
    }

    private static func fourDigits(_ number: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, 4 - text.count)) + text
    }

    /// Returns the patients of the cases, sorted by name.
    func patients(described table: PatientTable) -> [DataSet.Patient] {
        let cases = images.keys.map { name -> (patient: String, image: String, name: String) in
            guard let range = name.range(of: "_frame", options: .backwards), range.lowerBound > name.startIndex else {
                return (name, "", name)
            }
            return (String(name[..<range.lowerBound]), String(name[range.lowerBound...].dropFirst()), name)
        }
        var patients: [DataSet.Patient] = []
        for (patient, cases) in Dictionary(grouping: cases, by: \.patient).sorted(by: { $0.key < $1.key }) {
            let row = table.rows[patient] ?? PatientTable.Row()
            let images = cases.map { image(named: $0.image, of: $0.name, row) }
            patients.append(
                DataSet.Patient(id: patient, group: row.group, scanner: row.scanner, images: Self.ordered(images)))
        }
        return patients
    }

    /// Returns the image of a case, which has a name of its own if the patient has several.
    private func image(named suffix: String, of caseName: String, _ row: PatientTable.Row) -> DataSet.Image {
        let frame = Int(suffix.dropFirst("frame".count))
        let phase = row.phase(of: frame)
        let channels = (images[caseName] ?? [:]).sorted { $0.key < $1.key }.map(\.value)
        return DataSet.Image(
            name: phase?.rawValue ?? suffix, frame: frame, phase: phase, channels: channels, labels: labels[caseName])
    }

    /// Returns images by number if all have one, and by name otherwise.
    private static func ordered(_ images: [DataSet.Image]) -> [DataSet.Image] {
        guard images.allSatisfy({ $0.frame != nil }) else { return images.sorted { $0.name < $1.name } }
        return images.sorted { ($0.frame ?? 0, $0.name) < ($1.frame ?? 0, $1.name) }
    }
}
