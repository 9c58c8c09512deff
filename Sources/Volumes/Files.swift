import FileIO
import Foundation

/// A regular file that is read once from beginning to end, and decompressed on the fly if it is compressed with gzip.
final class InputFile {
    /// The name of the file in errors and warnings.
    let name: String
    /// The number of bytes on disk.
    let byteCount: Int
    private let file: ReadableFile
    private var inflater: Inflater?
    /// The number of bytes delivered so far.
    private(set) var position = 0
    /// The number of bytes read from the file so far.
    private var stored = 0

    /// Creates an input file by opening the file at a URL.
    ///
    /// - Throws: `.missing`, `.unreadable`; `.damagedGzip` for a name ending in `.gz` without the gzip magic number.
    init(_ url: URL) throws(VolumesError) {
        name = url.relativePath
        do throws(FileError) { file = try ReadableFile(url, name: name) } catch { throw VolumesError(error) }
        byteCount = file.size
        var magic: (UInt8, UInt8) = (0, 0)
        let count = try withUnsafeMutableBytes(of: &magic) { bytes throws(VolumesError) in
            do throws(FileError) { return try file.read(at: 0, into: bytes) } catch { throw VolumesError(error) }
        }
        if count == 2 && magic == Inflater.magic {
            inflater = Inflater(file: name)
        } else if url.pathExtension == "gz" {
            throw .damagedGzip(file: name, field: "gzip header", reason: "the file does not begin with bytes 1f 8b")
        }
    }

    /// Whether the file is compressed with gzip.
    var isGzip: Bool { inflater != nil }

    /// The maximum number of bytes that the file can deliver.
    ///
    /// Deflate expands data by a factor of at most 1032 (RFC 1951, 258 bytes from two bits).
    var byteLimit: Int { isGzip ? byteCount.multipliedReportingOverflow(by: 1032).partialValue : byteCount }

    /// Fills `target` and returns the number of bytes read, which is less than the size of `target` only at the end of
    /// the file.
    func read(into target: UnsafeMutableRawBufferPointer) throws(VolumesError) -> Int {
        do throws(FileError) {
            let count =
                if let inflater {
                    try inflater.read(into: target, from: readStored)
                } else {
                    try readStored(into: target)
                }
            position += count
            return count
        } catch {
            throw VolumesError(error)
        }
    }

    /// Advances to byte `offset`, or to the end of a shorter file, with `scratch` as a buffer.
    func skip(to offset: Int, scratch: UnsafeMutableRawBufferPointer) throws(VolumesError) {
        if !isGzip {
            position = max(position, min(offset, byteCount))
            stored = position
        }
        while position < offset {
            let wanted = min(offset - position, scratch.count)
            if try read(into: UnsafeMutableRawBufferPointer(rebasing: scratch[..<wanted])) < wanted { return }
        }
    }

    /// Reads the rest of the file, so that gzip checksums are verified, and returns a warning about excess bytes, if
    /// any.
    ///
    /// Bytes after the last one that the header promises are ignored with a warning. Decompressing them is not bounded
    /// by the header, so more than 1 MiB of them is a fault. Bytes after the last gzip member are also ignored, with a
    /// warning unless they are zeros, which `gzip` itself treats as padding.
    func finish(scratch: UnsafeMutableRawBufferPointer) throws(VolumesError) -> String? {
        let end = position
        let limit = 1 << 20
        guard let inflater else {
            return byteCount > end ? "\(name): \(byteCount - end) bytes after the last voxel are ignored" : nil
        }
        while try read(into: scratch) > 0 {
            guard position - end <= limit else {
                throw .invalidField(
                    file: name, field: "the length of the inflated data", found: "more than \(end + limit) bytes",
                    expected: "\(end) bytes, which dim, datatype and vox_offset promise")
            }
        }
        if position > end { return "\(name): \(position - end) bytes after the last voxel are ignored" }
        let garbage = inflater.trailingByteCount
        return garbage > 0 ? "\(name): \(garbage) bytes after the compressed data are ignored" : nil
    }

    /// Fills `target` with the stored bytes of the file.
    private func readStored(into target: UnsafeMutableRawBufferPointer) throws(FileError) -> Int {
        let count = try file.read(at: stored, into: target)
        stored += count
        return count
    }
}

/// A durable file for volumes, compressed with gzip if its name ends in `.gz`.
struct OutputFile: ~Copyable {
    private var file: DurableFile
    private let deflater: Deflater?

    /// Creates the temporary file.
    init(_ url: URL) throws(VolumesError) {
        deflater = url.pathExtension == "gz" ? Deflater() : nil
        do throws(FileError) { file = try DurableFile(url, name: url.relativePath) } catch { throw VolumesError(error) }
    }

    /// Appends bytes.
    mutating func write(_ bytes: UnsafeRawBufferPointer) throws(VolumesError) {
        try write(bytes, isLast: false)
    }

    /// Renames the file to its final name once all bytes are on the storage medium.
    mutating func commit() throws(VolumesError) {
        if deflater != nil { try write(UnsafeRawBufferPointer(start: nil, count: 0), isLast: true) }
        do throws(FileError) { try file.commit() } catch { throw VolumesError(error) }
    }

    private mutating func write(_ bytes: UnsafeRawBufferPointer, isLast: Bool) throws(VolumesError) {
        do throws(FileError) {
            guard let deflater else { return try file.append(bytes) }
            try deflater.write(bytes, isLast: isLast) { (piece) throws(FileError) in try file.append(piece) }
        } catch {
            throw VolumesError(error)
        }
    }
}

/// The faults of one patient of a data set; each is one sentence that names the file.
struct Faults: Error {
    var descriptions: [String]
}
