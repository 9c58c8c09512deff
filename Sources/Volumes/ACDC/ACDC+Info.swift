import Foundation

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

        /// Returns the phase of a frame, if it is one of the two.
        package func phase(ofFrame number: Int) -> Phase? {
            number == endDiastole ? .endDiastole : number == endSystole ? .endSystole : nil
        }
    }
}

extension ACDC.Info {
    /// Creates the information by reading `Info.cfg` in a patient's folder; returns `nil` if there is no such file.
    ///
    /// - Throws: ``VolumesError/incomplete(folder:problems:)`` for an invalid file.
    package init?(ofPatientIn folder: URL) throws(VolumesError) {
        let url = folder.appending(path: "Info.cfg")
        guard FileManager.default.fileExists(atPath: url.path(percentEncoded: false)) else { return nil }
        switch Self.reading(url, name: "\(folder.lastPathComponent)/Info.cfg") {
        case .success(let info): self = info
        case .failure(let faults):
            throw .incomplete(folder: folder.path(percentEncoded: false), problems: faults.descriptions)
        }
    }

    /// The numbers of the two labeled frames.
    package var moments: ACDC.Moments { ACDC.Moments(endDiastole: endDiastole, endSystole: endSystole) }
}
