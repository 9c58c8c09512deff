import Foundation

extension HVSMR {
    /// The files of one patient in one release.
    public struct Patient: Hashable, Sendable {
        /// The part of the files' names that is the patient's, such as `pat0`.
        public let id: String
        /// The number in it, from 0.
        public let number: Int
        /// The 3-D image.
        public let image: URL
        /// The label map; `nil` only where labels were not required.
        public let labels: URL?
    }
}

extension HVSMR.Patient {
    /// The patients whose files these are, by number, and everything that is missing or broken.
    static func all(in files: [HVSMR.File], requiringLabels: Bool) -> (patients: [Self], problems: [String]) {
        var patients: [Self] = []
        var problems: [String] = []
        for (number, own) in Dictionary(grouping: files, by: \.patient).sorted(by: { $0.key < $1.key }) {
            let image = single(own.filter { !$0.isLabels }, of: "image", problems: &problems)
            let sets = Dictionary(grouping: own.filter(\.isLabels)) { $0.labelSet! }
            // Set A before one without a letter before the others.
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

    /// The one file that can be used, compressed rather than not; a fault if there are several, or if it is none.
    private static func single(
        _ files: [HVSMR.File], of kind: String, problems: inout [String]
    ) -> HVSMR.File? {
        let stem = { (file: HVSMR.File) in String(file.path.prefix { $0 != "." }) }
        guard let file = files.first(where: \.isCompressed) ?? files.first else { return nil }
        if let other = files.first(where: { stem($0) != stem(file) }) {
            problems.append("\(other.path) is a second \(kind) of pat\(file.patient) beside \(file.path); keep one")
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
