import Foundation

/// A regular file that is open for reading by position.
struct ReadableFile: ~Copyable {
    private let descriptor: Int32
    private let path: String
    /// Its length when it was opened.
    let size: Int

    init(_ url: URL) throws(WeightsError) {
        path = url.path
        descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw .unreadable(file: path, reason: String(cString: strerror(errno))) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw .unreadable(file: path, reason: "it is not a regular file")
        }
        size = Int(status.st_size)
    }

    deinit { close(descriptor) }

    /// Fills `memory` with the bytes from `offset` on.
    func read(at offset: Int, into memory: UnsafeMutableRawBufferPointer) throws(WeightsError) {
        var done = 0
        while done < memory.count {
            let count = pread(descriptor, memory.baseAddress! + done, memory.count - done, off_t(offset + done))
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else {
                let reason = count < 0 ? String(cString: strerror(errno)) : "it became shorter while it was read"
                throw .unreadable(file: path, reason: reason)
            }
            done += count
        }
    }
}
