import Foundation

/// A file that appears under its name only when it is complete: written beside it, synchronised, then renamed.
final class OutputFile {
    private let name: String
    private let path: String
    private let directory: String
    private let temporary: String
    private var descriptor: Int32
    private let deflater: Deflater?

    /// Creates the temporary file; compresses with gzip where the name ends in `.gz`.
    init(_ url: URL) throws(VolumesError) {
        name = url.relativePath
        path = url.path
        let folder = url.deletingLastPathComponent()
        directory = folder.path
        temporary = folder.appending(path: ".volume-\(String(UInt64.random(in: 0 ... .max), radix: 36)).tmp").path
        deflater = url.pathExtension == "gz" ? Deflater() : nil
        descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        if descriptor < 0 { throw failure() }
    }

    deinit {
        if descriptor >= 0 {
            close(descriptor)
            unlink(temporary)
        }
    }

    /// Appends bytes.
    func write(_ bytes: UnsafeRawBufferPointer) throws(VolumesError) {
        if let deflater {
            try deflater.write(bytes, isLast: false, to: store)
        } else {
            try store(bytes)
        }
    }

    /// Gives the file its name once all bytes are on disk.
    func commit() throws(VolumesError) {
        if let deflater { try deflater.write(UnsafeRawBufferPointer(start: nil, count: 0), isLast: true, to: store) }
        guard fsync(descriptor) == 0, rename(temporary, path) == 0 else { throw failure() }
        close(descriptor)
        descriptor = -1
        // The new name is safe from a power cut only when the folder is on disk too; not every file system can do it.
        let folder = open(directory, O_RDONLY | O_CLOEXEC)
        if folder >= 0 {
            fsync(folder)
            close(folder)
        }
    }

    private func store(_ bytes: UnsafeRawBufferPointer) throws(VolumesError) {
        var written = 0
        while written < bytes.count {
            let count = Foundation.write(
                descriptor, bytes.baseAddress! + written, min(bytes.count - written, 1 << 30))
            if count >= 0 {
                written += count
            } else if errno != EINTR {
                throw failure()
            }
        }
    }

    private func failure() -> VolumesError {
        .unwritable(file: name, reason: String(cString: strerror(errno)))
    }
}
