import Foundation

/// A file that appears under its name complete or not at all.
///
/// The bytes go to a temporary name beside it; `commit` makes them durable and moves them into place. A file that is
/// not committed leaves nothing behind.
struct WritableFile: ~Copyable {
    private let descriptor: Int32
    private let path: String
    private let temporary: String
    private var isCommitted = false

    init(_ url: URL) throws(WeightsError) {
        path = url.path
        temporary = url.deletingLastPathComponent().path + "/.\(url.lastPathComponent).\(UUID().uuidString)"
        descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw .unwritable(file: path, reason: String(cString: strerror(errno))) }
    }

    deinit {
        close(descriptor)
        if !isCommitted { unlink(temporary) }
    }

    private func fault() -> WeightsError {
        .unwritable(file: path, reason: String(cString: strerror(errno)))
    }

    /// Appends the bytes.
    mutating func append(_ bytes: UnsafeRawBufferPointer) throws(WeightsError) {
        var done = 0
        while done < bytes.count {
            let count = write(descriptor, bytes.baseAddress! + done, bytes.count - done)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw fault() }
            done += count
        }
    }

    /// Moves the file to its name, where it survives a loss of power.
    mutating func commit() throws(WeightsError) {
        guard fsync(descriptor) == 0, rename(temporary, path) == 0 else { throw fault() }
        isCommitted = true
        let folder = open(URL(fileURLWithPath: path).deletingLastPathComponent().path, O_RDONLY | O_CLOEXEC)
        guard folder >= 0 else { throw fault() }
        defer { close(folder) }
        // Some file systems cannot do this with a folder, and say EINVAL.
        guard fsync(folder) == 0 || errno == EINVAL else { throw fault() }
    }
}
