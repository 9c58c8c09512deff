import Foundation

extension ACDC {
    /// What the folder of one patient holds.
    public struct Patient: Hashable, Sendable {
        /// The folder's name, such as `patient001`.
        public let id: String
        /// The diagnosis; `nil` in the testing part of the first release.
        public let group: Group?
        /// The number of the end-diastolic frame, from 1; not always 1.
        public let endDiastole: Int
        /// The number of the end-systolic frame, from 1.
        public let endSystole: Int
        /// The number of frames of the cine.
        public let frameCount: Int
        /// Body height in cm, where it is known.
        public let height: Double?
        /// Body weight in kg, where it is known.
        public let weight: Double?
        /// End diastole and end systole, in this order.
        public let frames: [Frame]
        /// The 4-D cine, where there is one.
        public let cine: URL?

        /// The number in the name of a patient's folder: 1 for `patient001`; `nil` for another name.
        static func number(of name: String) -> Int? {
            guard name.hasPrefix("patient") else { return nil }
            let digits = name.dropFirst("patient".count)
            guard (1...6).contains(digits.count), digits.allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
            return Int(digits)
        }
    }

    /// A moment of the heartbeat that is labelled.
    public enum Phase: String, Hashable, Sendable, Codable {
        /// The ventricles are full.
        case endDiastole = "ED"
        /// The ventricles are empty.
        case endSystole = "ES"
    }

    /// The files of one labelled frame.
    public struct Frame: Hashable, Sendable {
        /// Its number in the cine, from 1.
        public let number: Int
        /// When it is.
        public let phase: Phase
        /// The 3-D image.
        public let image: URL
        /// The label map; `nil` only where labels were not required.
        public let labels: URL?
    }
}

extension ACDC.Patient {
    /// The patient whose folder has that name, or everything that is missing or broken in it.
    static func reading(_ name: String, in home: URL, requiringLabels: Bool) -> Result<Self, Faults> {
        let folder = home.appending(path: name)
        var faults: [String] = []

        /// The file of that name, with or without compression; a fault if it is needed and cannot be used.
        func file(_ stem: String, needed: String?) -> URL? {
            for ending in [".nii.gz", ".nii"] {
                let url = folder.appending(path: stem + ending)
                let path = url.path(percentEncoded: false)
                guard let attributes = try? FileManager.default.attributesOfItem(atPath: path) else { continue }
                var isFolder = ObjCBool(false)
                _ = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
                if isFolder.boolValue {
                    faults.append("\(name)/\(stem + ending) is a folder, but must be a file")
                } else if attributes[.size] as? Int == 0 {
                    faults.append("\(name)/\(stem + ending) is empty")
                } else {
                    return url
                }
                return nil
            }
            if let needed { faults.append("\(name)/\(stem).nii.gz is missing (\(needed))") }
            return nil
        }

        let info: ACDC.Info
        switch ACDC.Info.reading(folder.appending(path: "Info.cfg"), name: "\(name)/Info.cfg") {
        case .success(let found): info = found
        case .failure(let found): return .failure(found)
        }
        let moments: [(ACDC.Phase, Int, String)] = [
            (.endDiastole, info.endDiastole, "end diastole"), (.endSystole, info.endSystole, "end systole"),
        ]
        let frames = moments.compactMap { phase, number, moment -> ACDC.Frame? in
            let stem = "\(name)_frame" + (number < 10 ? "0" : "") + "\(number)"
            let image = file(stem, needed: "\(moment), frame \(number) by Info.cfg")
            let labels = file(stem + "_gt", needed: requiringLabels ? "labels of \(moment)" : nil)
            return image.map { ACDC.Frame(number: number, phase: phase, image: $0, labels: labels) }
        }
        let cine = file(name + "_4d", needed: nil)
        guard faults.isEmpty else { return .failure(Faults(descriptions: faults)) }
        return .success(
            Self(
                id: name, group: info.group, endDiastole: info.endDiastole, endSystole: info.endSystole,
                frameCount: info.frameCount, height: info.height, weight: info.weight, frames: frames, cine: cine))
    }
}
