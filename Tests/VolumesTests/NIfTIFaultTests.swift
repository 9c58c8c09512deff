import Foundation
import Testing
@testable import Volumes

@Suite("Faults of NIfTI files")
struct NIfTIFaultTests {
    private let folder: NIfTIFolder

    init() throws { folder = try NIfTIFolder() }

    /// A change to a sound file, and the field and value that the error must name.
    struct Fault: CustomTestStringConvertible, Sendable {
        var field: String
        var found: String
        var versions = [1, 2]
        var change: @Sendable (inout NIfTIBytes) -> Void

        var testDescription: String { "\(field) is \(found)" }
    }

    static let faults: [Fault] = [
        Fault(field: "dim[0]", found: "2") { $0.dim[0] = 2 },
        Fault(field: "dim[0]", found: "5") { $0.dim[0] = 5 },
        Fault(field: "dim[0]", found: "0") { $0.dim[0] = 0 },
        Fault(field: "dim[0]", found: "-32768") { $0.dim[0] = -32768 },
        Fault(field: "dim[1]", found: "0") { $0.dim[1] = 0 },
        Fault(field: "dim[2]", found: "-1") { $0.dim[2] = -1 },
        Fault(field: "dim[3]", found: "32768", versions: [2]) { $0.dim[3] = 32768 },
        Fault(field: "dim[3]", found: "\(Int64.max)", versions: [2]) { $0.dim[3] = .max },
        Fault(field: "dim[3]", found: "\(Int64.min)", versions: [2]) { $0.dim[3] = .min },
        Fault(field: "dim[4]", found: "0") { ($0.dim[0], $0.dim[4]) = (4, 0) },
        Fault(field: "dim", found: "32767 × 32767 × 32767 × 32767 = 1152780773560811521 voxels") {
            $0.dim = [4, 32767, 32767, 32767, 32767, 1, 1, 1]
        },
        Fault(field: "datatype", found: "0") { $0.datatype = 0 },
        Fault(field: "datatype", found: "32") { $0.datatype = 32 },
        Fault(field: "datatype", found: "128") { $0.datatype = 128 },
        Fault(field: "datatype", found: "1536") { $0.datatype = 1536 },
        Fault(field: "bitpix", found: "16") { $0.bitsPerVoxel = 16 },
        Fault(field: "bitpix", found: "-32") { $0.bitsPerVoxel = -32 },
        Fault(field: "vox_offset", found: "0.0") { $0.voxelOffset = 0 },
        Fault(field: "vox_offset", found: "348.0", versions: [1]) { $0.voxelOffset = 348 },
        Fault(field: "vox_offset", found: "540.0", versions: [2]) { $0.voxelOffset = 540 },
        Fault(field: "vox_offset", found: "352.5", versions: [1]) { $0.voxelOffset = 352.5 },
        Fault(field: "vox_offset", found: "-352.0") { $0.voxelOffset = -352 },
        Fault(field: "vox_offset", found: "nan", versions: [1]) { $0.voxelOffset = .nan },
        Fault(field: "vox_offset", found: "inf", versions: [1]) { $0.voxelOffset = .infinity },
        Fault(field: "vox_offset", found: "1.0000000150474662e+30", versions: [1]) { $0.voxelOffset = 1e30 },
        Fault(field: "pixdim[1]", found: "0.0") { $0.pixdim[1] = 0 },
        Fault(field: "pixdim[2]", found: "nan") { $0.pixdim[2] = .nan },
        Fault(field: "pixdim[3]", found: "-inf") { $0.pixdim[3] = -.infinity },
        Fault(field: "pixdim[3]", found: "-0.0") { $0.pixdim[3] = -0.0 },
        Fault(field: "scl_inter", found: "nan") { ($0.slope, $0.intercept) = (2, .nan) },
        Fault(field: "scl_inter", found: "inf") { ($0.slope, $0.intercept) = (1, .infinity) },
    ]

    @Test("a field that cannot be right is named with its value", arguments: faults)
    func field(fault: Fault) throws {
        for version in fault.versions {
            for isBigEndian in [false, true] {
                var bytes = NIfTIBytes(
                    version: version, isBigEndian: isBigEndian, datatype: .float32,
                    stored: [UInt8](repeating: 0, count: 48))
                #expect(try folder.fault(bytes.file) == nil)
                fault.change(&bytes)
                for (file, name) in [(bytes.file, "image.nii"), (gzip(bytes.file), "image.nii.gz")] {
                    let error = try folder.fault(file, name)
                    guard case .invalidField(let file, fault.field, let found, _) = error else {
                        Issue.record("\(String(describing: error)) instead of \(fault.field)")
                        continue
                    }
                    #expect(file.hasSuffix(name))
                    #expect(found == fault.found)
                    #expect(error?.description.contains(fault.field) == true)
                }
            }
        }
    }

    @Test("a file of another kind is no NIfTI file")
    func notNIfTI() throws {
        for version in [1, 2] {
            for magic in ["n+3", "nii", "n+1\n", "\0\0\0", "N+1"] {
                var bytes = NIfTIBytes()
                bytes.version = version
                bytes.magic = Array(magic.utf8) + [0]
                guard case .notNIfTI(_, let reason) = try folder.fault(bytes.file) else {
                    Issue.record("'\(magic)' was taken for NIfTI")
                    continue
                }
                #expect(reason.contains("magic"))
            }
        }
        for size in [0, 347, -1, 1543, .max, .min] as [Int32] {
            var bytes = NIfTIBytes()
            bytes.size = size
            let file = folder.url.appending(path: "image.nii").relativePath
            #expect(
                try folder.fault(bytes.file)
                    == .notNIfTI(file: file, reason: "sizeof_hdr is \(size) instead of 348 or 540"))
        }
    }

    @Test("a file that ends early is named with the bytes it promised and those it has")
    func truncated() throws {
        let field = "dim, datatype and vox_offset"
        for version in [1, 2] {
            var bytes = NIfTIBytes()
            bytes.version = version
            let file = bytes.file
            let header = version == 1 ? 348 : 540
            for count in [0, 1, 3, 4, 347, header - 1, header, header + 3, header + 4, file.count - 1] {
                let part = Array(file[..<count])
                let promised = count < 348 ? 348 : count < header ? header : file.count
                let name = folder.url.appending(path: "image.nii").relativePath
                let expected = VolumesError.truncated(
                    file: name, field: count < header ? "sizeof_hdr" : field, promisedByteCount: promised,
                    foundByteCount: count)
                #expect(try folder.fault(part) == expected)
                #expect(try folder.fault(gzip(part)) == expected)
            }
        }
    }

    @Test("a header that promises more voxels than the file can hold is refused")
    func hostilePromise() throws {
        var bytes = NIfTIBytes()
        bytes.dim = [3, 1000, 1000, 1000, 1, 1, 1, 1]
        let error = try folder.fault(bytes.file)
        let name = folder.url.appending(path: "image.nii").relativePath
        #expect(
            error
                == .truncated(
                    file: name, field: "dim, datatype and vox_offset", promisedByteCount: 4_000_000_352,
                    foundByteCount: 400))
        guard case .invalidField(_, "dim", let found, let expected) = try folder.fault(gzip(bytes.file)) else {
            Issue.record("no error about dim")
            return
        }
        #expect(found.contains("1000 × 1000 × 1000") && expected.contains("gzip cannot hold more"))
    }

    @Test("a missing file, a folder, and a pair without its voxels are named")
    func files() throws {
        let nowhere = folder.url.appending(path: "nowhere.nii")
        #expect(throws: VolumesError.missing(file: nowhere.relativePath)) { try NIfTI(contentsOf: nowhere) }
        #expect(throws: VolumesError.unreadable(file: folder.url.relativePath, reason: "it is not a regular file")) {
            try NIfTI(contentsOf: folder.url)
        }
        let pipe = folder.url.appending(path: "pipe.nii")
        #expect(mkfifo(pipe.path, 0o600) == 0)
        #expect(throws: VolumesError.unreadable(file: pipe.relativePath, reason: "it is not a regular file")) {
            try NIfTI(contentsOf: pipe)
        }
        var bytes = NIfTIBytes()
        bytes.isPair = true
        let header = try folder.file(bytes.header, "lonely.hdr")
        let image = header.deletingPathExtension().appendingPathExtension("img").relativePath
        #expect(throws: VolumesError.missing(file: image)) { try NIfTI(contentsOf: header) }
        guard case .invalidField(_, "magic", _, _) = try folder.fault(bytes.file) else {
            Issue.record("half a pair in a .nii was let through")
            return
        }
    }

    @Test("more voxels than asked for are refused before memory is allocated for them")
    func tooManyVoxels() throws {
        let small = try folder.file(NIfTIBytes().file, "small.nii")
        _ = try NIfTI(contentsOf: small, maximumVoxelCount: 12)
        do throws(VolumesError) {
            _ = try NIfTI(contentsOf: small, maximumVoxelCount: 11)
            Issue.record("it was read")
        } catch {
            #expect("\(error)".contains("dim is 3 × 2 × 2, but must be at most 11 voxels"))
        }
    }

    @Test(
        "images of a data set have the size of a scan",
        arguments: [
            ([1, 1, 32767], false), ([1, 1, 1024], true), ([1, 1, 1025], false), ([1, 1, 129, 127], true),
            ([1, 1, 129, 128], false),
        ])
    func sizeOfAScan(extent: [Int], isScan: Bool) throws {
        var bytes = NIfTIBytes()
        bytes.dim = [Int64(extent.count)] + extent.map(Int64.init) + Array(repeating: 1, count: 7 - extent.count)
        bytes.stored = [UInt8](repeating: 0, count: 4 * extent.reduce(1, *))
        let url = try folder.file(bytes.file, "scan.nii")
        _ = try NIfTI(contentsOf: url)
        do throws(VolumesError) {
            _ = try NIfTI(scanAt: url)
            #expect(isScan)
        } catch {
            #expect(!isScan && "\(error)".contains("the size of a scan"))
        }
    }
}
