import Foundation
import Testing
import Volumes

@Suite("Gzip as NIfTI files use it")
struct GzipTests {
    private let folder: NIfTIFolder
    private let plain: [UInt8]
    private let voxels = (0..<120).map { Float($0 * 7 % 251) }

    init() throws {
        folder = try NIfTIFolder()
        plain = NIfTIBytes(version: 1, isBigEndian: false, datatype: .uint8, stored: voxels.map { UInt8($0) }).file
    }

    @Test("no flipped bit gives other voxels without an error")
    func flippedBits() throws {
        let file = gzip(plain)
        var errors: Set<String> = []
        for bit in 0..<8 * file.count {
            var damaged = file
            damaged[bit / 8] ^= 1 << (bit % 8)
            do {
                // Flags, time and operating system do not bear on the voxels.
                #expect(try folder.read(damaged, "image.nii.gz").volume.voxels == voxels, "bit \(bit)")
            } catch VolumesError.damagedGzip(_, let field, _) {
                errors.insert(field)
            } catch is VolumesError {
                // The damage was seen in the header first.
            }
        }
        #expect(errors == ["gzip header", "deflate data", "CRC-32", "ISIZE"])
    }

    @Test("a file that ends anywhere is an error")
    func cut() throws {
        let file = gzip(plain)
        for count in 0..<file.count {
            #expect(try folder.fault(Array(file[..<count]), "image.nii.gz") != nil, "\(count) bytes")
        }
    }

    @Test("members follow one another wherever the first one ends")
    func members() throws {
        for cut in [0, 1, 347, 348, 351, 352, 353, plain.count - 1, plain.count] {
            for level in [0, 9] as [Int32] {
                let file = gzip(Array(plain[..<cut]), level: level) + gzip([]) + gzip(Array(plain[cut...]))
                let image = try folder.read(file, "image.nii.gz")
                #expect(image.volume.voxels == voxels && image.warnings == [])
            }
        }
        // The second member's check sums count too.
        var file = gzip(Array(plain[..<400])) + gzip(Array(plain[400...]))
        file[file.count - 5] ^= 1
        guard case .damagedGzip(_, "CRC-32", _) = try folder.fault(file) else {
            Issue.record("a wrong CRC-32 in the second member was let through")
            return
        }
    }

    @Test("a member may begin at any byte of the reader's buffer")
    func memberAcrossBuffers() throws {
        let stored = (0..<66_000).map { UInt8(truncatingIfNeeded: $0 &* $0) }
        let file = NIfTIBytes(version: 1, isBigEndian: false, datatype: .uint8, stored: stored).file
        for boundary in 65535...65537 {
            // Level 0 stores the bytes as they are, with a few around them.
            let overhead = gzip(Array(file[..<65400]), level: 0).count - 65400
            let first = gzip(Array(file[..<(boundary - overhead)]), level: 0)
            try #require(first.count == boundary)
            let image = try folder.read(first + gzip(Array(file[(boundary - overhead)...])))
            #expect(image.volume.voxels == stored.map { Float($0) })
        }
    }

    @Test("the check sums of a pair's header count, though its voxels are elsewhere")
    func pairHeader() throws {
        var bytes = NIfTIBytes()
        bytes.isPair = true
        _ = try folder.file(bytes.stored, "image.img")
        #expect(try folder.fault(gzip(bytes.header), "image.hdr.gz") == nil)
        var header = gzip(bytes.header)
        header[header.count - 5] ^= 1
        guard case .damagedGzip(_, "CRC-32", _) = try folder.fault(header, "image.hdr.gz") else {
            Issue.record("a wrong CRC-32 of the header was let through")
            return
        }
    }

    @Test("zeros after the last member are padding, anything else is ignored with a warning")
    func trailingBytes() throws {
        let file = gzip(plain)
        #expect(try folder.read(file + [UInt8](repeating: 0, count: 100_000)).warnings == [])
        for tail in [[1], [0x1F], [0, 0, 5], [UInt8](repeating: 3, count: 100_000)] {
            let image = try folder.read(file + tail)
            #expect(image.volume.voxels == voxels)
            #expect(
                image.warnings.first?.hasSuffix("\(tail.count) bytes after the compressed data are ignored") == true)
        }
    }

    @Test("a name in .gz without gzip inside is an error, gzip without the name is not")
    func names() throws {
        let name = folder.url.appending(path: "image.nii.gz").relativePath
        #expect(
            try folder.fault(plain, "image.nii.gz")
                == .damagedGzip(file: name, field: "gzip header", reason: "the file does not begin with bytes 1f 8b"))
        #expect(try folder.read(gzip(plain), "image.nii").volume.voxels == voxels)
    }

    @Test("files that are refused do not disturb those that other threads read")
    func concurrentReads() async throws {
        let good = try folder.file(gzip(plain), "good.nii.gz")
        let bad = try folder.file(plain, "bad.nii.gz")
        let voxels = voxels
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<200 {
                        let refused = try? NIfTI(contentsOf: bad)
                        #expect(refused == nil)
                        let image = try NIfTI(contentsOf: good)
                        #expect(image.volume.voxels == voxels)
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    @Test("a bomb behind the voxels is not inflated to its end")
    func bomb() throws {
        // 64 members of 1 MiB of zeros in 64 KiB.
        let zeros = gzip([UInt8](repeating: 0, count: 1 << 20), level: 9)
        let bomb = gzip(plain) + (0..<64).flatMap { _ in zeros }
        guard case .invalidField(_, "the length of the inflated data", let found, _) = try folder.fault(bomb) else {
            Issue.record("64 MiB behind the voxels were let through")
            return
        }
        #expect(found == "more than \(plain.count + 1 << 20) bytes")
        let image = try folder.read(gzip(plain) + zeros)
        #expect(image.volume.voxels == voxels)
        #expect(image.warnings.first?.hasSuffix("1048576 bytes after the last voxel are ignored") == true)
    }
}
