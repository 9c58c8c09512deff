import Foundation
import Testing
import Volumes

@Suite("Reading NIfTI")
struct NIfTIReadTests {
    private let folder: NIfTIFolder

    init() throws { folder = try NIfTIFolder() }

    /// A NIfTI-1 file of 3 × 2 × 2 int16, typed in from the table of fields in nifti1.h.
    private static let byHand: [UInt8] = {
        let text = """
            5c 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
            00 00 00 00 00 00 00 00 03 00 03 00 02 00 02 00 01 00 01 00 01 00 01 00 00 00 00 00 00 00 00 00
            00 00 00 00 00 00 04 00 10 00 00 00 00 00 80 bf 00 00 c0 3f 00 00 a0 bf 00 00 00 41 00 00 00 3f
            00 00 00 00 00 00 00 00 00 00 00 00 00 00 b0 43 00 00 00 3f 00 00 80 bf 00 00 00 0a 00 00 00 00
            00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 62 79 20 68 61 6e 64 00 00 00 00 00
            00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
            00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
            00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01 00 02 00
            00 00 00 00 00 00 00 00 00 00 80 3f 00 00 20 41 00 00 a0 41 00 00 f0 c1 00 00 c0 bf 00 00 00 00
            00 00 00 00 00 00 20 41 00 00 00 00 00 00 a0 bf 00 00 00 00 00 00 a0 41 00 00 00 00 00 00 00 00
            00 00 00 41 00 00 f0 c1 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 6e 2b 31 00 00 00 00 00
            00 00 01 00 ff ff 02 00 2c 01 d4 fe ff 7f 00 80 04 00 05 00 06 00 07 00
            """
        return text.split(whereSeparator: \.isWhitespace).map { UInt8($0, radix: 16)! }
    }()

    @Test("a file typed in by hand has the values it says")
    func fixture() throws {
        let image = try folder.read(Self.byHand)
        #expect(image.volume.extent == Volume.Extent(x: 3, y: 2, slices: 2))
        #expect(image.volume.spacing == Volume.Spacing(x: 1.5, y: 1.25, slice: 8))
        // Half the stored number, minus one.
        #expect(image.volume.voxels == [-1, -0.5, -1.5, 0, 149, -151, 16382.5, -16385, 1, 1.5, 2, 2.5])
        #expect(image.datatype == .int16)
        let geometry = image.geometry
        #expect(geometry.dimensionCount == 3)
        #expect(geometry.qfac == -1 && geometry.frameSpacing == 0.5 && geometry.unitsCode == 10)
        #expect(geometry.qformCode == 1 && geometry.sformCode == 2)
        #expect(geometry.quaternion == [0, 0, 1] && geometry.quaternionOffset == [10, 20, -30])
        #expect(geometry.affineX == [-1.5, 0, 0, 10])
        #expect(geometry.affineY == [0, -1.25, 0, 20])
        #expect(geometry.affineZ == [0, 0, 8, -30])
        #expect(geometry.slope == 0.5 && geometry.intercept == -1)
        #expect(geometry.text == "by hand")
        #expect(image.warnings.isEmpty)
    }

    @Test("a number is scaled in double precision", arguments: [(0.1, 1e8), (-2.5e-3, 1e4), (3, 0.1)])
    func scaledInDouble(slope: Double, intercept: Double) throws {
        for version in [1, 2] {
            let numbers: [Int32] = [0, 1, -1, 16_777_217, 123_456_789, .min]
            var bytes = NIfTIBytes(
                version: version, isBigEndian: false, datatype: .int32,
                stored: NIfTIBytes.bytes(numbers, isBigEndian: false))
            (bytes.slope, bytes.intercept) = (slope, intercept)
            // A NIfTI-1 header holds both in single precision.
            let a = version == 1 ? Double(Float(slope)) : slope
            let b = version == 1 ? Double(Float(intercept)) : intercept
            #expect(try folder.read(bytes.file).volume.voxels == numbers.map { Float(Double($0) * a + b) })
        }
    }

    @Test("a slope of 0, NaN or infinity means that numbers are not scaled", arguments: [0, .nan, .infinity])
    func unscaled(slope: Double) throws {
        var bytes = NIfTIBytes(version: 1, isBigEndian: false, datatype: .uint8, stored: [0, 1, 2, 3, 4, 255])
        (bytes.slope, bytes.intercept) = (slope, 7)
        let image = try folder.read(bytes.file)
        #expect(image.volume.voxels == [0, 1, 2, 3, 4, 255])
        #expect(image.geometry.slope == 1 && image.geometry.intercept == 0)
    }

    @Test("a cine has frames, and time in pixdim[4]")
    func cine() throws {
        var bytes = NIfTIBytes(version: 1, isBigEndian: true, datatype: .uint8, stored: Array(0..<24))
        bytes.dim = [4, 3, 2, 2, 2, 1, 1, 1]
        bytes.pixdim[4] = 31.5
        let image = try folder.read(bytes.file)
        #expect(image.volume.extent == Volume.Extent(x: 3, y: 2, slices: 2, frames: 2))
        #expect(image.volume.voxels == (0..<24).map(Float.init))
        #expect(image.geometry.dimensionCount == 4 && image.geometry.frameSpacing == 31.5)
    }

    @Test(
        "metres and micrometres become millimetres", arguments: [(1, 1500), (2, 1.5), (3, 0.0015), (0, 1.5), (10, 1.5)])
    func units(code: UInt8, expected: Double) throws {
        for (version, isBigEndian) in [(1, false), (1, true), (2, false), (2, true)] {
            var bytes = NIfTIBytes()
            (bytes.version, bytes.isBigEndian, bytes.unitsCode) = (version, isBigEndian, code)
            let image = try folder.read(bytes.file)
            #expect(image.volume.spacing.x == expected)
            #expect(image.geometry.unitsCode == code)
        }
    }

    @Test("an affine that contradicts pixdim is a warning that names both, and does not change the spacing")
    func contradiction() throws {
        var bytes = NIfTIBytes()
        bytes.pixdim = [1, 1.5625, 1.5625, 10, 1, 0, 0, 0]
        bytes.sformCode = 2
        bytes.affine = [-1, 0, 0, 0, 0, -1, 0, 0, 0, 0, 1, 0]
        let image = try folder.read(bytes.file)
        #expect(image.volume.spacing == Volume.Spacing(x: 1.5625, y: 1.5625, slice: 10))
        let warning = try #require(image.warnings.first)
        #expect(image.warnings.count == 1)
        for part in ["image.nii", "sform", "1.0 × 1.0 × 1.0", "pixdim", "1.5625 × 1.5625 × 10.0"] {
            #expect(warning.contains(part), "\(warning)")
        }
        // A rotated affine of the right lengths is none, nor is one that is not in use.
        bytes.affine = [0, -1.5625, 0, 5, 1.5625, 0, 0, 6, 0, 0, 10, 7]
        #expect(try folder.read(bytes.file).warnings == [])
        bytes.affine[0] = .nan
        #expect(try folder.read(bytes.file).warnings.count == 1)
        bytes.sformCode = 0
        #expect(try folder.read(bytes.file).warnings == [])
    }

    @Test("bytes between header and voxels are skipped, and bytes after the voxels are a warning")
    func otherBytes() throws {
        var bytes = NIfTIBytes(version: 1, isBigEndian: false, datatype: .uint8, stored: [1, 2, 3, 4, 5, 6])
        bytes.voxelOffset = 400
        let file = bytes.header + [UInt8](repeating: 9, count: 48) + bytes.stored
        for file in [file, gzip(file)] {
            let image = try folder.read(file)
            #expect(image.volume.voxels == [1, 2, 3, 4, 5, 6])
            #expect(image.warnings == [])
        }
        for file in [file + [7, 7, 7], gzip(file + [7, 7, 7])] {
            let image = try folder.read(file)
            #expect(image.volume.voxels == [1, 2, 3, 4, 5, 6])
            let warning = try #require(image.warnings.first)
            #expect(warning.hasSuffix("3 bytes after the last voxel are ignored"))
        }
    }

    @Test("either file of a pair leads to both, compressed or not")
    func pair() throws {
        for (version, isBigEndian) in [(1, false), (1, true), (2, false), (2, true)] {
            let stored = NIfTIBytes.bytes([1, -2, 3, -4, 5, -6] as [Int16], isBigEndian: isBigEndian)
            var bytes = NIfTIBytes(
                version: version, isBigEndian: isBigEndian, isPair: true, datatype: .int16, stored: stored)
            bytes.voxelOffset = 16
            let voxels = [UInt8](repeating: 0, count: 16) + stored
            _ = try folder.file(bytes.header, "plain.hdr")
            _ = try folder.file(voxels, "plain.img")
            _ = try folder.file(gzip(bytes.header), "small.hdr.gz")
            _ = try folder.file(gzip(voxels), "small.img.gz")
            _ = try folder.file(bytes.header, "mixed.hdr")
            _ = try folder.file(gzip(voxels), "mixed.img.gz")
            for name in ["plain.hdr", "plain.img", "small.hdr.gz", "small.img.gz", "mixed.hdr", "mixed.img.gz"] {
                let image = try NIfTI(contentsOf: folder.url.appending(path: name))
                #expect(image.volume.voxels == [1, -2, 3, -4, 5, -6], "\(name)")
                #expect(image.warnings == [])
            }
        }
    }
}
