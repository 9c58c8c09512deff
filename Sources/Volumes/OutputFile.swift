import FileIO
import Foundation

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
