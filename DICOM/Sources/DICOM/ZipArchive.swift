import CLibzip
import Foundation

/// A zip archive whose entries are read into memory, so that no name in it ever becomes a path.
///
/// An archive is used by one task at a time.
final class ZipArchive {
    private let handle: OpaquePointer
    private let path: String
    /// The names of the entries.
    let names: [String]

    /// The largest number of entries, and of bytes of one entry after decompression, that is believed.
    static let largest = (entries: 200_000, bytes: 1 << 30)

    /// Opens an archive.
    init(_ path: String) throws(DICOMError) {
        self.path = path
        var code: Int32 = 0
        guard let handle = zip_open(path, ZIP_RDONLY, &code) else {
            throw DICOMError(path, "it cannot be opened as a zip archive; copy the file again.")
        }
        self.handle = handle
        let count = zip_get_num_entries(handle, 0)
        guard count <= Self.largest.entries else {
            zip_discard(handle)
            throw DICOMError(path, "it has \(count) entries; at most \(Self.largest.entries) are expected.")
        }
        names = (0..<UInt64(max(0, count))).map { index in
            zip_get_name(handle, index, 0).map { String(cString: $0) } ?? ""
        }
    }

    deinit { zip_discard(handle) }

    /// Returns whether a file begins like a zip archive.
    static func isZip(_ start: some Collection<UInt8>) -> Bool {
        start.starts(with: [0x50, 0x4b, 0x03, 0x04]) || start.starts(with: [0x50, 0x4b, 0x05, 0x06])
    }

    /// Returns the first bytes of an entry, or all of them.
    func contents(of index: Int, limit: Int? = nil) throws(DICOMError) -> [UInt8] {
        let name = "\(path), \(names[index])"
        var entry = zip_stat_t()
        guard zip_stat_index(handle, UInt64(index), 0, &entry) == 0, entry.size <= UInt64(Self.largest.bytes) else {
            throw DICOMError(name, "it is damaged, or larger than a gigabyte.")
        }
        guard let file = zip_fopen_index(handle, UInt64(index), 0) else {
            throw DICOMError(name, "it cannot be read; is the archive encrypted, or damaged?")
        }
        defer { zip_fclose(file) }
        let wanted = min(limit ?? .max, Int(entry.size))
        var bytes = [UInt8](repeating: 0, count: wanted)
        var count = 0
        while count < wanted {
            let read = bytes.withUnsafeMutableBytes {
                zip_fread(file, $0.baseAddress! + count, UInt64(wanted - count))
            }
            guard read > 0 else { throw DICOMError(name, "it is damaged: it ends early.") }
            count += Int(read)
        }
        // The checksum is compared at the end of the entry.
        var rest: UInt8 = 0
        if wanted == Int(entry.size), zip_fread(file, &rest, 1) != 0 {
            throw DICOMError(name, "it is damaged: its checksum or its size is wrong.")
        }
        return bytes
    }
}
