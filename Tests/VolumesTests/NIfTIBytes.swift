import CZlib
import Foundation
import Volumes

/// The fields of a NIfTI header and the numbers behind it, laid out as a file would be; any value is let through.
///
/// Written from the structures in nifti1.h and nifti2.h, apart from the reader that it tests.
struct NIfTIBytes {
    var version = 1
    var isBigEndian = false
    var isPair = false
    var size: Int32?
    var magic: [UInt8]?
    var dim: [Int64] = [3, 3, 2, 2, 1, 1, 1, 1]
    var datatype: Int16 = 16
    var bitsPerVoxel: Int16?
    var pixdim: [Double] = [1, 1.5, 1.25, 8, 0, 0, 0, 0]
    var voxelOffset: Double?
    var slope = 0.0
    var intercept = 0.0
    var unitsCode: UInt8 = 2
    var qformCode: Int16 = 0
    var sformCode: Int16 = 0
    var quaternion = [0.0, 0, 0, 0, 0, 0]
    var affine = [Double](repeating: 0, count: 12)
    var text: [UInt8] = []
    /// The numbers, in the byte order of the file.
    var stored = [UInt8](repeating: 0, count: 48)

    init() {}

    /// A file of the given kind with these numbers, three along x, two along y, the rest along the third axis.
    init(version: Int, isBigEndian: Bool, isPair: Bool = false, datatype: NIfTI.Datatype, stored: [UInt8]) {
        self.version = version
        self.isBigEndian = isBigEndian
        self.isPair = isPair
        self.datatype = datatype.rawValue
        self.stored = stored
        dim[3] = Int64(stored.count / datatype.byteCount / 6)
    }

    /// Bytes of `values` in the byte order of the file.
    static func bytes<Value: FixedWidthInteger>(_ values: [Value], isBigEndian: Bool) -> [UInt8] {
        values.flatMap { value in
            withUnsafeBytes(of: isBigEndian ? value.bigEndian : value.littleEndian) { Array($0) }
        }
    }

    private func bytes<Value: FixedWidthInteger>(_ values: [Value]) -> [UInt8] {
        Self.bytes(values, isBigEndian: isBigEndian)
    }

    private func bytes(_ values: [Double], isWide: Bool) -> [UInt8] {
        isWide ? bytes(values.map(\.bitPattern)) : bytes(values.map { Float($0).bitPattern })
    }

    /// The header, and the four bytes that announce extensions.
    var header: [UInt8] {
        let isWide = version == 2
        var all = [UInt8](repeating: 0, count: isWide ? 544 : 352)
        func put(_ part: [UInt8], at offset: Int) { all.replaceSubrange(offset..<offset + part.count, with: part) }
        let width = Int16(NIfTI.Datatype(rawValue: datatype)?.byteCount ?? 1)
        let mark = Array((isPair ? "ni\(version)" : "n+\(version)").utf8)
        let offset = voxelOffset ?? (isPair ? 0 : Double(all.count))

        put(bytes([size ?? (isWide ? 540 : 348)]), at: 0)
        put(magic ?? (mark + (isWide ? [0, 13, 10, 26, 10] : [0])), at: isWide ? 4 : 344)
        put(isWide ? bytes(dim) : bytes(dim.map { Int16(truncatingIfNeeded: $0) }), at: isWide ? 16 : 40)
        put(bytes([datatype]), at: isWide ? 12 : 70)
        put(bytes([bitsPerVoxel ?? 8 * width]), at: isWide ? 14 : 72)
        put(bytes(pixdim, isWide: isWide), at: isWide ? 104 : 76)
        put(isWide ? bytes([Int64(offset)]) : bytes([offset], isWide: false), at: isWide ? 168 : 108)
        put(bytes([slope, intercept], isWide: isWide), at: isWide ? 176 : 112)
        put(isWide ? bytes([Int32(unitsCode)]) : [unitsCode], at: isWide ? 500 : 123)
        put(
            isWide ? bytes([Int32(qformCode), Int32(sformCode)]) : bytes([qformCode, sformCode]), at: isWide ? 344 : 252
        )
        put(bytes(quaternion + affine, isWide: isWide), at: isWide ? 352 : 256)
        put(text, at: isWide ? 240 : 148)
        return all
    }

    /// The single file.
    var file: [UInt8] { header + stored }
}

/// Bytes as one gzip member.
func gzip(_ bytes: [UInt8], level: Int32 = 6) -> [UInt8] {
    var stream = z_stream()
    // The stream must stay where it is, since zlib points back to it.
    return withUnsafeMutablePointer(to: &stream) { stream in
        precondition(czlib_deflate_init(stream, level, 15 + 16) == Z_OK)
        defer { deflateEnd(stream) }
        var input = bytes
        var output = [UInt8](repeating: 0, count: Int(deflateBound(stream, UInt(bytes.count))) + 64)
        let count = input.withUnsafeMutableBufferPointer { input in
            output.withUnsafeMutableBufferPointer { output in
                stream.pointee.next_in = input.baseAddress
                stream.pointee.avail_in = UInt32(input.count)
                stream.pointee.next_out = output.baseAddress
                stream.pointee.avail_out = UInt32(output.count)
                precondition(deflate(stream, Z_FINISH) == Z_STREAM_END)
                return output.count - Int(stream.pointee.avail_out)
            }
        }
        return Array(output[..<count])
    }
}

/// A folder of its own for one test, removed with everything in it at the end.
final class NIfTIFolder {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "nifti-\(UInt64.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    /// Writes the bytes, and returns where.
    func file(_ bytes: [UInt8], _ name: String = "image.nii") throws -> URL {
        let file = url.appending(path: name)
        try Data(bytes).write(to: file)
        return file
    }

    /// Reads an image from these bytes.
    func read(_ bytes: [UInt8], _ name: String = "image.nii") throws -> NIfTI {
        try NIfTI(contentsOf: file(bytes, name))
    }

    /// What is wrong with these bytes; nil if they can be read.
    func fault(_ bytes: [UInt8], _ name: String = "image.nii") throws -> VolumesError? {
        do {
            _ = try read(bytes, name)
            return nil
        } catch let error as VolumesError {
            return error
        }
    }
}
