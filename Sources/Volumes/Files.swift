import FileIO
import Foundation

/// A regular file, read once from beginning to end; inflated on the way where it is gzip.
final class InputFile {
    /// The file as errors and warnings call it.
    let name: String
    /// Bytes on disk.
    let byteCount: Int
    private let file: ReadableFile
    private var inflater: Inflater?
    /// Bytes delivered so far.
    private(set) var position = 0
    /// Bytes read from the file so far.
    private var stored = 0

    /// Opens the file.
    ///
    /// - Throws: `.missing`, `.unreadable`; `.damagedGzip` for a name in `.gz` without gzip's first two bytes.
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

    /// Whether the file is inflated on the way.
    var isGzip: Bool { inflater != nil }

    /// The most bytes that the file can deliver: deflate expands 1032:1 at most (RFC 1951, 258 bytes from two bits).
    var byteLimit: Int { isGzip ? byteCount.multipliedReportingOverflow(by: 1032).partialValue : byteCount }

    /// Fills `target` and returns its size, or fewer where the file ends.
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

    /// Moves on to byte `offset` through `scratch`, or to the end of a shorter file.
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

    /// Reads the rest, so that gzip's check sums are compared, and says what the rest is, if anything.
    ///
    /// Bytes after the last one that the header promises are ignored with a warning, but inflating them is work without a
    /// bound that the header gives, so more than 1 MiB of them is a fault. What follows the last gzip member is ignored
    /// too, with a warning unless it is zeros, which `gzip` itself takes for padding.
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

    /// Fills `target` from the file as it is stored.
    private func readStored(into target: UnsafeMutableRawBufferPointer) throws(FileError) -> Int {
        let count = try file.read(at: stored, into: target)
        stored += count
        return count
    }
}

/// A durable file for volumes, compressed with gzip where its name ends in `.gz`.
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

    /// Gives the file its name once all bytes are on the medium.
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

/// All that is wrong with one patient of a data set, one sentence each that names the file.
struct Faults: Error {
    var descriptions: [String]
}
