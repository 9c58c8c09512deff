import Foundation
import Volumes
import _TestSupport

/// A folder with small files in the format of the HVSMR data set: 5 × 4 × 6 voxels, axes to the back, feet and right.
struct HVSMRFolder {
    let temporary: TemporaryFolder
    var url: URL { temporary.url }

    static let extent = Volume.Extent(x: 5, y: 4, slices: 6)
    static let spacing = Volume.Spacing(x: 0.75, y: 1, slice: 1.25)

    init() throws { temporary = try TemporaryFolder() }

    /// An image or a label map; voxel (i, j, k) has the value 100 i + 10 j + k, or that of `values`.
    func file(
        extent: Volume.Extent = Self.extent, spacing: Volume.Spacing = Self.spacing, oriented: Bool = true,
        datatype: NIfTI.Datatype = .float64, values: (Int, Int, Int) -> Float = { Float(100 * $0 + 10 * $1 + $2) }
    ) -> NIfTI {
        var geometry = NIfTI.Geometry()
        if oriented {
            (geometry.qformCode, geometry.sformCode) = (2, 1)
            geometry.quaternion = [-0.5, 0.5, -0.5]
            geometry.affineX = [0, 0, spacing.slice, -3]
            geometry.affineY = [-spacing.x, 0, 0, 2]
            geometry.affineZ = [0, -spacing.y, 0, 1]
        }
        let plane = extent.x * extent.y
        let voxels = (0..<extent.count).map { values($0 % extent.x, $0 % plane / extent.x, $0 / plane) }
        return NIfTI(
            volume: Volume(extent: extent, spacing: spacing, voxels: voxels), datatype: datatype, geometry: geometry)
    }

    /// A label map: myocardium and blood pool, each in one place.
    func labels(blood: Float = 2, oriented: Bool = true) -> NIfTI {
        file(oriented: oriented, datatype: .uint16) { i, j, k in
            j == 1 && k == 2 ? (i == 1 ? 1 : i == 3 ? blood : 0) : 0
        }
    }

    func write(_ image: NIfTI, _ path: String) throws {
        let file = temporary.file(path)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try image.write(to: file)
    }

    /// Adds patients with their labels, all in one folder.
    func add(_ numbers: Int..., release: String = "axial_crop", labels ending: String = "-label") throws {
        for number in numbers {
            try write(file(), "training_\(release)_pat\(number).nii.gz")
            try write(labels(), "training_\(release)_pat\(number)\(ending).nii.gz")
        }
    }
}
