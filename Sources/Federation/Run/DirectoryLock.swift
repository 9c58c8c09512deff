import Foundation

/// Holds a directory for this process until the last copy is gone. The system lets go of it when the process dies.
final class DirectoryLock: Sendable {
    private let file: Int32

    /// - Throws: `FederationError.runInUse` if another run holds the directory for a second.
    init(_ directory: URL) throws(FederationError) {
        let path = directory.appendingPathComponent(".lock").path
        file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw .unwritable(path: path, reason: String(cString: strerror(errno))) }
        // A process that this one is just starting shares the lock of a run that has ended here, until it has become
        // the other program: that is over in a moment.
        for _ in 0..<100 {
            // A file system without locks is no reason to refuse.
            if flock(file, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK { return }
            usleep(10_000)
        }
        throw .runInUse(directory: directory.path)
    }

    // Also called when `init` throws.
    deinit { close(file) }
}
