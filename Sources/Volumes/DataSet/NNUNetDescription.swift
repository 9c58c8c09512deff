import Foundation

/// The contents of `dataset.json` in nnU-Net's layout for raw data, as far as this package uses them.
///
/// Source: the documentation of nnU-Net, version 2, "dataset format".
struct NNUNetDescription {
    static let fileName = "dataset.json"

    /// The names of the classes, indexed by label.
    let classNames: [String]
    /// The names of the channels, by number.
    let channelNames: [String]
    /// The ending of all image files, `.nii.gz` or `.nii`.
    let fileEnding: String

    /// The most channels of an image.
    static let channelLimit = 16

    /// Reads the description in a folder, and returns it or all of its faults.
    static func reading(_ folder: URL) -> Result<Self, Faults> {
        let path = folder.appending(path: fileName).path(percentEncoded: false)
        // Real files have a few hundred bytes. The limit keeps a wrong file from being read in full.
        guard let handle = FileHandle(forReadingAtPath: path), let data = try? handle.read(upToCount: 1 << 20) else {
            return .failure(Faults(descriptions: ["\(fileName) cannot be read"]))
        }
        do {
            let file = try JSONDecoder().decode(File.self, from: data)
            return file.description
        } catch {
            let reason = (error as? DecodingError).map(Self.reason) ?? "is no JSON object"
            return .failure(Faults(descriptions: ["\(fileName) \(reason)"]))
        }
    }

    private static func reason(_ error: DecodingError) -> String {
        switch error {
        case .keyNotFound(let key, _): "has no \(key.stringValue)"
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            "has something unexpected at \(context.codingPath.map(\.stringValue).joined(separator: "."))"
        default: "is no JSON object"
        }
    }

    private struct File: Decodable {
        let channel_names: [String: String]?
        let modality: [String: String]?
        let labels: [String: Value]
        let file_ending: String?

        var description: Result<NNUNetDescription, Faults> {
            var faults: [String] = []
            let classes = classNames(&faults)
            let channels = channelNames(&faults)
            let ending = file_ending ?? ".nii.gz"
            if ![".nii.gz", ".nii"].contains(ending) {
                faults.append(
                    "\(fileName): file_ending is '\(ending.prefix(20))', but must be .nii.gz or .nii; convert the images"
                )
            }
            guard faults.isEmpty else { return .failure(Faults(descriptions: faults)) }
            return .success(NNUNetDescription(classNames: classes, channelNames: channels, fileEnding: ending))
        }

        /// Returns the names by label. The first version of nnU-Net wrote `"1": "liver"`, the second writes `"liver": 1`.
        private func classNames(_ faults: inout [String]) -> [String] {
            var names: [Int: String] = [:]
            for (key, value) in labels.sorted(by: { $0.key < $1.key }) {
                let (name, label): (String, Int?) =
                    switch value {
                    case .number(let number): (key, number)
                    case .text(let text): Int(key).map { (text, $0) } ?? (key, Int(text))
                    case .region: (key, nil)
                    }
                if case .region = value {
                    faults.append(
                        "\(fileName): the class '\(key.prefix(40))' is a region of several labels; give it one")
                } else if name == "ignore" {
                    faults.append(
                        "\(fileName): there is a label to ignore, which this package cannot; label the voxels")
                } else if let label, names[label] == nil {
                    names[label] = name
                } else {
                    faults.append("\(fileName): the label of '\(key.prefix(40))' is not a whole number of its own")
                }
            }
            guard faults.isEmpty else { return [] }
            if Set(names.keys) != Set(0..<names.count) || !(2...255).contains(names.count) {
                faults.append("\(fileName): labels must be 0, 1, 2, and so on without gaps, 2 to 255 of them")
            }
            let all = names.sorted { $0.key < $1.key }.map(\.value)
            if let odd = all.first(where: { $0.isEmpty || $0.utf8.count > 100 || $0.contains(where: \.isNewline) }) {
                faults.append("\(fileName): '\(odd.prefix(40))' cannot be the name of a class")
            }
            if Set(all).count != all.count { faults.append("\(fileName): two classes have the same name") }
            return all
        }

        private func channelNames(_ faults: inout [String]) -> [String] {
            guard let given = channel_names ?? modality else {
                faults.append("\(fileName) has no channel_names")
                return []
            }
            let numbered = given.compactMap { key, name in Int(key).map { ($0, name) } }.sorted { $0.0 < $1.0 }
            if numbered.map(\.0) != Array(0..<given.count) || !(1...channelLimit).contains(given.count) {
                faults.append(
                    "\(fileName): the keys of channel_names must be \"0\", \"1\", and so on, 1 to \(channelLimit) of them"
                )
            }
            return numbered.map(\.1)
        }
    }

    /// The value of a class: a label, or the several labels of a region.
    private enum Value: Decodable {
        case number(Int)
        case text(String)
        case region

        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            if let number = try? value.decode(Int.self) {
                self = .number(number)
            } else if let text = try? value.decode(String.self) {
                self = .text(text)
            } else {
                _ = try value.decode([Int].self)
                self = .region
            }
        }
    }
}
