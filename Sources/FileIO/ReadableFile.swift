import Foundation

/// A regular file opened for reading at arbitrary offsets.
public final class ReadableFile: Sendable {
    /// The name of the file in errors.
    public let name: String
    /// The length of the file when it was opened, in bytes.
    public let size: Int
    private let descriptor: Int32

    /// Opens a file.
    ///
    /// - Parameter name: The name of the file in errors; its path by default.
    /// - Throws: `FileError.missing`; `.unreadable`, also for a pipe or a device.
    public init(_ url: URL, name: String? = nil) throws(FileError) {
        let name = name ?? url.path
        self.name = name
        // Without O_NONBLOCK, opening a named pipe would block before the check that it is not a regular file.
        descriptor = open(url.path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else {
            let code = errno
            if code == ENOENT || code == ENOTDIR { throw .missing(path: name) }
            throw .unreadable(path: name, reason: String(cString: strerror(code)))
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw .unreadable(path: name, reason: "it is not a regular file")
        }
        size = Int(status.st_size)
    }

    deinit { close(descriptor) }

    /// Fills `memory` with the bytes from `offset` on, and returns their number, which is smaller at the end of the
    /// file.
    public func read(at offset: Int, into memory: UnsafeMutableRawBufferPointer) throws(FileError) -> Int {
        var done = 0
        while done < memory.count {
            // Linux transfers less than 2 GiB per call.
            let wanted = min(memory.count - done, 1 << 30)
            let count = pread(descriptor, memory.baseAddress! + done, wanted, off_t(offset + done))
            if count == 0 { break }
            if count > 0 {
                done += count
            } else if errno != EINTR {
                throw .unreadable(path: name, reason: systemReason())
            }
        }
        return done
    }

    /// Returns the contents of a file of at most `limit` bytes.
    ///
    /// - Throws: `FileError`, also if the file is longer.
    public static func contents(of url: URL, limit: Int = 1 << 30) throws(FileError) -> Data {
        let file = try ReadableFile(url)
        guard file.size <= limit else {
            throw .unreadable(path: file.name, reason: "it has \(file.size) bytes, more than \(limit)")
        }
        return try file.contents()
    }

    /// Returns the contents.
    func contents() throws(FileError) -> Data {
        var data = Data(count: size)
        let outcome = data.withUnsafeMutableBytes { bytes -> Result<Int, FileError> in
            do throws(FileError) { return .success(try read(at: 0, into: bytes)) } catch { return .failure(error) }
        }
        return data.prefix(try outcome.get())
    }
}
