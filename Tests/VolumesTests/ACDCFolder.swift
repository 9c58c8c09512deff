import Foundation
import Volumes
import _TestSupport

/// A folder in the layout of the ACDC data set, with images of 4 × 3 × 2 voxels.
struct ACDCFolder {
    let temporary: TemporaryFolder
    let home: URL

    init(_ layout: String = "database/training") throws {
        temporary = try TemporaryFolder()
        home = temporary.url.appending(path: layout)
        try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true)
    }

    /// Adds a complete patient.
    func add(
        _ number: Int, endDiastole: Int = 1, endSystole: Int = 12, frameCount: Int = 30, group: String? = "NOR",
        ending: String = ".nii.gz", labelled: Bool = true, cine: Bool = false
    ) throws {
        let id = name(number)
        let folder = home.appending(path: id)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        var info = "ED: \(endDiastole)\nES: \(endSystole)\n"
        if let group { info += "Group: \(group)\n" }
        info += "Height: 172.0\nNbFrame: \(frameCount)\nWeight: 70.0\n"
        try write(info, "Info.cfg", of: number)
        for frame in [endDiastole, endSystole] {
            let stem = "\(id)_frame" + (frame < 10 ? "0\(frame)" : "\(frame)")
            try image(value: Float(100 * number + frame)).write(to: folder.appending(path: stem + ending))
            if labelled { try labels().write(to: folder.appending(path: stem + "_gt" + ending)) }
        }
        if cine {
            var image = image(value: 0)
            image.volume = Volume(
                extent: .init(x: 4, y: 3, slices: 2, frames: frameCount), spacing: image.volume.spacing,
                voxels: (0..<24 * frameCount).map { Float($0 % 24 * ($0 / 24)) })
            try image.write(to: folder.appending(path: "\(id)_4d\(ending)"))
        }
    }

    func name(_ number: Int) -> String { "patient" + String(repeating: "0", count: number < 10 ? 2 : 1) + "\(number)" }

    func url(_ number: Int, _ file: String) -> URL { home.appending(path: name(number)).appending(path: file) }

    func write(_ text: String, _ file: String, of number: Int) throws {
        try Data(text.utf8).write(to: url(number, file))
    }

    func remove(_ number: Int, _ file: String) throws { try FileManager.default.removeItem(at: url(number, file)) }

    func image(value: Float, extent: Volume.Extent = .init(x: 4, y: 3, slices: 2)) -> NIfTI {
        NIfTI(
            volume: Volume(
                extent: extent, spacing: .init(x: 2, y: 2, slice: 10),
                voxels: (0..<extent.count).map { value + Float($0) }),
            datatype: .int16)
    }

    func labels(_ first: Float = 0) -> NIfTI {
        var image = image(value: 0)
        image.volume.voxels = (0..<24).map { $0 == 0 ? first : Float($0 % 4) }
        return image
    }
}
