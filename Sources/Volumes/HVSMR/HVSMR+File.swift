import Foundation

extension HVSMR {
    /// A file whose name is one of the data set's.
    struct File: Hashable, Sendable {
        let url: URL
        /// Below the folder that was searched.
        let path: String
        let release: Release
        let patient: Int
        let isTesting: Bool
        /// The set of labels, such as `a`, in small letters; empty where the name has none; `nil` for an image.
        let labelSet: String?

        var isLabels: Bool { labelSet != nil }
        var isCompressed: Bool { path.lowercased().hasSuffix(".gz") }

        /// What a name says; `nil` for a file of another kind.
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

        /// All files of the data set in a folder and those in it, sorted by path.
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
