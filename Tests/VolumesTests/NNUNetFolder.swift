import Foundation
import Volumes
import _TestSupport

/// A folder in nnU-Net's layout for raw data, with images of 4 × 3 × 2 voxels.
struct NNUNetFolder {
    let temporary: TemporaryFolder
    var url: URL { temporary.url }

    init(
        labels: String = #"{"background": 0, "RV": 1, "MLV": 2, "LVC": 3}"#, channels: String = #"{"0": "cine MRI"}"#,
        ending: String = ".nii.gz"
    ) throws {
        temporary = try TemporaryFolder()
        try describe(
            #"{"channel_names": \#(channels), "labels": \#(labels), "numTraining": 2, "file_ending": "\#(ending)"}"#)
        for folder in ["imagesTr", "labelsTr"] {
            try FileManager.default.createDirectory(at: url.appending(path: folder), withIntermediateDirectories: true)
        }
    }

    func describe(_ text: String) throws { try write(text, "dataset.json") }

    func write(_ text: String, _ name: String) throws { try Data(text.utf8).write(to: url.appending(path: name)) }

    /// Adds a case with some channels, each with other values.
    func add(_ name: String, channels: Int = 1, labelled: Bool = true, ending: String = ".nii.gz") throws {
        for channel in 0..<channels {
            try image { Float($0 * (channel + 1) % 7) }
                .write(to: url.appending(path: "imagesTr/\(name)_000\(channel)\(ending)"))
        }
        if labelled { try image { Float($0 % 4) }.write(to: url.appending(path: "labelsTr/\(name)\(ending)")) }
    }

    func image(
        extent: Volume.Extent = .init(x: 4, y: 3, slices: 2), _ value: (Int) -> Float
    ) -> NIfTI {
        NIfTI(
            volume: Volume(
                extent: extent, spacing: .init(x: 2, y: 2, slice: 10), voxels: (0..<extent.count).map(value)),
            datatype: .int16)
    }

    /// What is wrong with the folder.
    func problems() -> [String] {
        do throws(VolumesError) {
            _ = try DataSet(contentsOf: url)
            return []
        } catch {
            guard case .incomplete(_, let problems) = error else { return ["\(error)"] }
            return problems
        }
    }
}
