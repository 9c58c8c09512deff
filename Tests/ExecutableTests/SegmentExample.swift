import FederatedContrastive
import Foundation
import Segmentation
import Tensor
import Testing
import Volumes
import _TestSupport

/// A folder with a small model and small images, and the program to run on them.
struct SegmentExample {
    let folder: TemporaryFolder
    let model: SegmentationModel

    static let extent = Volume.Extent(x: 20, y: 18, slices: 9)
    static let spacing = Volume.Spacing(x: 4, y: 4.5, slice: 10)

    /// Writes `model.safetensors`: random weights that put all four classes into ``volume(frames:)``.
    init(classes: [String] = ACDC.classNames, channels: Int = 1) throws {
        folder = try TemporaryFolder()
        let recipe = Preprocessing(spacing: 5, size: 16)
        let volume = Self.volume(frames: 1)
        var inverse = volume
        for i in inverse.voxels.indices { inverse.voxels[i].negate() }
        let image = recipe(Array([volume, inverse].prefix(channels)))
        func random(_ seed: UInt64) throws -> SegmentationModel {
            try InitialWeights("random").model(
                channels: channels, width: 2, preprocessing: recipe, classes: classes, seed: seed)
        }
        let seed = try (0..<1000 as Range<UInt64>).first { seed in
            let labels = try random(seed).labels(of: image).voxels
            return classes.indices.allSatisfy { label in labels.count { $0 == Float(label) } > 40 }
        }
        model = try random(#require(seed))
        try model.write(to: folder.file("model.safetensors"), provenance: "a test")
    }

    /// Waves, other ones in every frame.
    static func volume(frames: Int, extent: Volume.Extent = extent, spacing: Volume.Spacing = spacing) -> Volume {
        var extent = extent
        extent.frames = frames
        let voxels = (0..<extent.count).map { place -> Float in
            let (x, y) = (Float(place % extent.x), Float(place / extent.x % extent.y))
            let (slice, frame) = (
                Float(place / (extent.x * extent.y) % extent.slices),
                Float(place / (extent.x * extent.y * extent.slices))
            )
            return (200 + 100 * sin(0.7 * x + frame) * cos(0.5 * y + slice) + 50 * sin(0.2 * x * frame)).rounded()
        }
        return Volume(extent: extent, spacing: spacing, voxels: voxels)
    }

    /// An image as a scanner may write it, with every field of the geometry in use.
    static func image(frames: Int = 1) -> NIfTI {
        var image = NIfTI(volume: volume(frames: frames), datatype: .int16)
        image.geometry.dimensionCount = frames > 1 ? 4 : 3
        image.geometry.qfac = -1
        image.geometry.frameSpacing = 0.5
        image.geometry.unitsCode = 10
        (image.geometry.qformCode, image.geometry.sformCode) = (1, 2)
        image.geometry.quaternion = [0.5, -0.5, 0.5]
        image.geometry.quaternionOffset = [-12.5, 30, 7]
        image.geometry.affineX = [0, 0, -10, -12.5]
        image.geometry.affineY = [-4, 0, 0, 30]
        image.geometry.affineZ = [0, 4.5, 0, 7]
        (image.geometry.slope, image.geometry.intercept) = (0.5, 3)
        image.geometry.text = "a test"
        return image
    }

    func write(_ image: NIfTI, to name: String) throws {
        let url = folder.file(name)
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try image.write(to: url)
    }

    func path(_ name: String) -> String { folder.file(name).path }

    /// Runs the program with the model on files of the folder.
    func segment(_ inputs: [String], to output: String = "out", _ options: String...) throws -> Executable.Result {
        try Executable(name: "Segment").run(
            [path("model.safetensors")] + inputs.map(path) + ["--output", path(output)] + options)
    }

    /// The labels that the model gives the image in a file, frame by frame.
    func expected(_ name: String) throws -> [Volume] {
        let image = try NIfTI(contentsOf: folder.file(name)).volume
        return (0..<image.extent.frames).map { model.labels(of: model.preprocessing(image.frame($0))) }
    }

    /// The objects of a `segmentation.json`.
    func records(_ output: String = "out") throws -> [[String: Any]] {
        let data = try Data(contentsOf: folder.file(output + "/segmentation.json"))
        let summary = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
        return try #require(summary["images"] as? [[String: Any]])
    }
}

extension [String: Any] {
    /// The number at a place in an object of objects.
    func number(_ path: String...) -> Double? {
        var place: Any? = self
        for key in path { place = (place as? [String: Any])?[key] }
        return place as? Double
    }

    var warnings: String { (self["warnings"] as? [String] ?? ["none"]).joined(separator: "\n") }
}
