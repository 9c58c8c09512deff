import Foundation
import Testing
import Volumes

@Suite("Writing NIfTI and reading it again")
struct NIfTIRoundTripTests {
    private let folder: NIfTIFolder

    init() throws { folder = try NIfTIFolder() }

    /// Six numbers of each type, the extremes among them, and the voxels they stand for.
    private static func numbers(_ datatype: NIfTI.Datatype, isBigEndian: Bool) -> (stored: [UInt8], voxels: [Float]) {
        func integers<Value: FixedWidthInteger>(_ values: [Value]) -> ([UInt8], [Float]) {
            (NIfTIBytes.bytes(values, isBigEndian: isBigEndian), values.map { Float(Double($0)) })
        }
        let floats: [Float] = [0, -1.5, .greatestFiniteMagnitude, .leastNonzeroMagnitude, .infinity, 1 / 3]
        let doubles: [Double] = [0, -1.5, 1e300, 1e-300, -.infinity, 1 / 3]
        return switch datatype {
        case .uint8: integers([0, 1, 2, 127, 128, .max] as [UInt8])
        case .int8: integers([.min, -1, 0, 1, 2, .max] as [Int8])
        case .uint16: integers([0, 1, 255, 256, 32768, .max] as [UInt16])
        case .int16: integers([.min, -1, 0, 256, 257, .max] as [Int16])
        case .uint32: integers([0, 1, 65536, 16_777_217, 1 << 31, .max] as [UInt32])
        case .int32: integers([.min, -1, 0, 65537, 16_777_217, .max] as [Int32])
        case .uint64: integers([0, 1, 1 << 33, 1 << 63, (1 << 53) + 1, .max] as [UInt64])
        case .int64: integers([.min, -1, 0, 1 << 33, (1 << 53) + 1, .max] as [Int64])
        case .float32: (NIfTIBytes.bytes(floats.map(\.bitPattern), isBigEndian: isBigEndian), floats)
        case .float64:
            (NIfTIBytes.bytes(doubles.map(\.bitPattern), isBigEndian: isBigEndian), doubles.map { Float($0) })
        }
    }

    @Test(
        "every datatype in every layout is read, written as itself, and read again", arguments: NIfTI.Datatype.allCases)
    func everyLayout(datatype: NIfTI.Datatype) throws {
        for (version, isBigEndian) in [(1, false), (1, true), (2, false), (2, true)] {
            let (stored, voxels) = Self.numbers(datatype, isBigEndian: isBigEndian)
            let bytes = NIfTIBytes(version: version, isBigEndian: isBigEndian, datatype: datatype, stored: stored)
            for (file, name) in [(bytes.file, "image.nii"), (gzip(bytes.file), "image.nii.gz")] {
                let image = try folder.read(file, name)
                #expect(image.volume.voxels == voxels)
                #expect(image.datatype == datatype)
                let written = folder.url.appending(path: "again-" + name)
                try image.write(to: written)
                #expect(try NIfTI(contentsOf: written) == image)
            }
        }
    }

    @Test("every field of the geometry survives, and scaled integers are stored as they were")
    func geometry() throws {
        var bytes = NIfTIBytes(
            version: 1, isBigEndian: false, datatype: .int16,
            stored: NIfTIBytes.bytes(
                stride(from: -32768, through: 32767, by: 1).prefix(65532).map { Int16($0) }, isBigEndian: false))
        bytes.dim = [4, 127, 129, 2, 2, 1, 1, 1]
        bytes.pixdim = [-1, 1.3671875, 1.36719, 10, 41.5, 0, 0, 0]
        (bytes.slope, bytes.intercept) = (0.37, -1024.5)
        (bytes.unitsCode, bytes.qformCode, bytes.sformCode) = (10, 1, 2)
        bytes.quaternion = [0.1, -0.2, 0.3, -90, 80.5, 70]
        bytes.affine = (0..<12).map { Double($0) - 5.25 }
        bytes.text = Array(repeating: 0x61, count: 80)
        let image = try folder.read(bytes.file)
        #expect(image.geometry.text == String(repeating: "a", count: 80))
        let written = folder.url.appending(path: "written.nii")
        try image.write(to: written)
        // The only difference is a letter that Analyze 7.5 programs look for.
        var expected = bytes.file
        expected[38] = UInt8(ascii: "r")
        #expect(try Data(contentsOf: written) == Data(expected))
    }

    @Test("floating-point files hold the voxels themselves, whatever the slope was")
    func floatsAreNotScaled() throws {
        let volume = Volume(
            extent: .init(x: 2, y: 1, slices: 1), spacing: .init(x: 1, y: 1, slice: 1), voxels: [0.1, -7e-20])
        var image = NIfTI(volume: volume)
        (image.geometry.slope, image.geometry.intercept) = (0.37, 5)
        let file = folder.url.appending(path: "image.nii.gz")
        for datatype in [NIfTI.Datatype.float32, .float64] {
            image.datatype = datatype
            try image.write(to: file)
            #expect(try NIfTI(contentsOf: file).volume == volume)
        }
    }

    @Test("integers are divided by the slope that the file holds, in single precision")
    func singlePrecisionSlope() throws {
        // Single precision has no number between 1 and 1.00000012, and below 2²⁷ its numbers are 8 apart.
        let voxels = (0..<1000).map { Float(134_217_720 - 8 * $0) }
        let volume = Volume(
            extent: .init(x: 10, y: 10, slices: 10), spacing: .init(x: 1, y: 1, slice: 1), voxels: voxels)
        var image = NIfTI(volume: volume, datatype: .int32)
        image.geometry.slope = 1.000000059
        let file = folder.url.appending(path: "image.nii")
        try image.write(to: file)
        let again = try NIfTI(contentsOf: file)
        #expect(again.geometry.slope == 1)
        #expect(again.volume == volume)
    }

    @Test("four dimensions stay four, even with a single frame")
    func oneFrame() throws {
        var bytes = NIfTIBytes()
        bytes.dim[0] = 4
        let image = try folder.read(bytes.file)
        #expect(image.geometry.dimensionCount == 4 && image.volume.extent.frames == 1)
        let file = folder.url.appending(path: "again.nii")
        try image.write(to: file)
        #expect(try NIfTI(contentsOf: file) == image)
    }

    @Test("voxels are rounded to the nearest integer, ties to even")
    func rounding() throws {
        let volume = Volume(
            extent: .init(x: 6, y: 1, slices: 1), spacing: .init(x: 1, y: 1, slice: 1),
            voxels: [0.5, 1.5, 2.5, 254.6, -0.5, 3.49])
        let file = folder.url.appending(path: "image.nii")
        try NIfTI(volume: volume, datatype: .uint8).write(to: file)
        #expect(try NIfTI(contentsOf: file).volume.voxels == [0, 2, 2, 255, 0, 3])
    }

    @Test("the same image gives the same bytes")
    func sameBytes() throws {
        let voxels = (0..<3000).map { Float($0 % 97) }
        let volume = Volume(
            extent: .init(x: 10, y: 30, slices: 10), spacing: .init(x: 1, y: 2, slice: 3), voxels: voxels)
        let files = ["a.nii.gz", "b.nii.gz"].map { folder.url.appending(path: $0) }
        for file in files { try NIfTI(volume: volume, datatype: .int16).write(to: file) }
        #expect(try Data(contentsOf: files[0]) == Data(contentsOf: files[1]))
        #expect(try NIfTI(contentsOf: files[0]).volume == volume)
    }

    @Test("a text of more than 80 bytes is cut between characters")
    func longText() throws {
        let volume = Volume(extent: .init(x: 1, y: 1, slices: 1), spacing: .init(x: 1, y: 1, slice: 1), voxels: [1])
        var image = NIfTI(volume: volume)
        image.geometry.text = String(repeating: "é", count: 39) + "ab" + "é"
        let file = folder.url.appending(path: "image.nii")
        try image.write(to: file)
        #expect(try NIfTI(contentsOf: file).geometry.text == String(repeating: "é", count: 39) + "ab")
    }

    // MARK: What cannot be written

    private func fault(_ image: NIfTI, _ name: String = "out.nii") -> VolumesError? {
        do throws(VolumesError) {
            try image.write(to: folder.url.appending(path: name))
            return nil
        } catch {
            return error
        }
    }

    private func image(_ voxels: [Float], _ datatype: NIfTI.Datatype) -> NIfTI {
        let volume = Volume(
            extent: .init(x: voxels.count, y: 1, slices: 1), spacing: .init(x: 1, y: 1, slice: 1), voxels: voxels)
        return NIfTI(volume: volume, datatype: datatype)
    }

    @Test(
        "a voxel that the datatype cannot hold is an error, and the file that was there stays",
        arguments: [
            (NIfTI.Datatype.uint8, Float(255.5)), (.uint8, -0.6), (.int8, 128), (.int16, -32769), (.uint16, 65536),
            (.int32, 2.2e9), (.uint32, 4.3e9), (.int64, 9.3e18), (.uint64, 1.9e19), (.uint8, .nan), (.int64, .infinity),
        ])
    func unrepresentable(datatype: NIfTI.Datatype, voxel: Float) throws {
        let before = try folder.file([1, 2, 3], "out.nii")
        #expect(
            fault(image([1, voxel], datatype))
                == .unrepresentable(file: before.relativePath, value: "\(voxel)", datatype: datatype))
        #expect(try Data(contentsOf: before) == Data([1, 2, 3]))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["out.nii"])
    }

    @Test("extents and spacings that NIfTI-1 cannot express are errors")
    func inexpressible() throws {
        let file = folder.url.appending(path: "out.nii").relativePath
        #expect(
            fault(image([Float](repeating: 0, count: 32768), .uint8))
                == .invalidField(file: file, field: "dim[1]", found: "32768", expected: "in 1...32767"))
        #expect(
            fault(image([], .uint8))
                == .invalidField(file: file, field: "dim[1]", found: "0", expected: "in 1...32767"))
        for spacing in [0, -1, .nan, .infinity, 1e-60, 1e60] {
            var bad = image([1], .uint8)
            bad.volume.spacing.slice = spacing
            #expect(
                fault(bad)
                    == .invalidField(
                        file: file, field: "pixdim[3]", found: "\(spacing) mm", expected: "a finite positive spacing"))
        }
        var bad = image([1], .uint8)
        bad.geometry.slope = 1e-60
        guard case .invalidField(_, "scl_slope", _, _) = fault(bad) else {
            Issue.record("a slope that single precision rounds to 0 was let through")
            return
        }
    }

    @Test("a folder that does not exist is an error that names the file")
    func noFolder() {
        guard case .unwritable(let file, _) = fault(image([1], .uint8), "nowhere/out.nii.gz") else {
            Issue.record("no error")
            return
        }
        #expect(file.hasSuffix("nowhere/out.nii.gz"))
    }
}
