import Foundation

/// The file operations of the package, each of them durable or not done at all once it has returned.
///
/// `beforeStep` is told of every step, and what it throws stops the operation there and leaves everything as it is: the
/// tests kill a run at every step with it.
package struct Disk: Sendable {
    /// Called before every system call that changes something.
    package var beforeStep: @Sendable (String) throws(FileError) -> Void = { _ in }
    /// The most bytes written in one step.
    package var chunkLength = 1 << 24
    /// Whether to wait until the medium holds what was written. Only tests have reason not to.
    package var synchronizes = true

    /// File operations that wait for the medium.
    package init() {}

    /// Writes a new file, and waits until it is on the medium. Its name is durable after `synchronize(directory:)`.
    package func create(_ url: URL, contents: Data) throws(FileError) {
        try beforeStep("create \(url.lastPathComponent)")
        try write(contents, to: url, flags: O_WRONLY | O_CREAT | O_EXCL, after: 0)
    }

    /// Cuts a file after its first `length` bytes and appends `contents`; creates it if need be.
    package func extend(_ url: URL, after length: Int, with contents: Data) throws(FileError) {
        try beforeStep("extend \(url.lastPathComponent)")
        try write(contents, to: url, flags: O_WRONLY | O_CREAT, after: length)
    }

    private func write(_ contents: Data, to url: URL, flags: Int32, after length: Int) throws(FileError) {
        let file = open(url.path, flags | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw unwritable(url) }
        defer { close(file) }
        guard ftruncate(file, off_t(length)) == 0, lseek(file, off_t(length), SEEK_SET) >= 0 else {
            throw unwritable(url)
        }
        let outcome = contents.withUnsafeBytes { bytes -> Result<Void, FileError> in
            do throws(FileError) {
                return .success(try write(bytes, to: file, name: url.path))
            } catch {
                return .failure(error)
            }
        }
        try outcome.get()
        try beforeStep("synchronize \(url.lastPathComponent)")
        guard !synchronizes || fsync(file) == 0 else { throw unwritable(url) }
    }

    /// Gives a file or directory another name in one step, in place of a file of that name.
    package func move(_ url: URL, to target: URL) throws(FileError) {
        try beforeStep("move \(url.lastPathComponent) to \(target.lastPathComponent)")
        guard rename(url.path, target.path) == 0 else { throw unwritable(target) }
    }

    /// Creates a directory and those above it.
    package func makeDirectory(_ url: URL) throws(FileError) {
        try beforeStep("make \(url.lastPathComponent)")
        do { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) } catch {
            throw .unwritable(path: url.path, reason: error.localizedDescription)
        }
    }

    /// Makes a symbolic link to a neighbour, which takes the place of an older link only when it is complete.
    package func link(_ url: URL, to neighbour: String) throws(FileError) {
        let fresh = url.deletingLastPathComponent().appendingPathComponent("." + url.lastPathComponent)
        try remove(fresh)
        try beforeStep("link \(fresh.lastPathComponent)")
        guard symlink(neighbour, fresh.path) == 0 else { throw unwritable(url) }
        try move(fresh, to: url)
    }

    /// Removes a file, or a directory and all that is in it, if it exists. Not one step.
    package func remove(_ url: URL) throws(FileError) {
        var status = stat()
        guard lstat(url.path, &status) == 0 else { return }
        try beforeStep("remove \(url.lastPathComponent)")
        do { try FileManager.default.removeItem(at: url) } catch {
            throw .unwritable(path: url.path, reason: error.localizedDescription)
        }
    }

    /// Waits until the names in a directory are on the medium.
    package func synchronize(directory: URL) throws(FileError) {
        try beforeStep("synchronize \(directory.lastPathComponent)")
        guard synchronizes else { return }
        let file = open(directory.path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw unwritable(directory) }
        defer { close(file) }
        // Some file systems cannot do this with a folder, and say EINVAL.
        guard fsync(file) == 0 || errno == EINVAL else { throw unwritable(directory) }
    }

    /// Appends bytes to an open file, in steps of at most `chunkLength`.
    func write(_ bytes: UnsafeRawBufferPointer, to file: Int32, name: String) throws(FileError) {
        var done = 0
        while done < bytes.count {
            let count = min(chunkLength, bytes.count - done)
            try beforeStep("write \(count) bytes of \((name as NSString).lastPathComponent)")
            let written = Foundation.write(file, bytes.baseAddress! + done, count)
            guard written > 0 || errno == EINTR else { throw .unwritable(path: name, reason: systemReason()) }
            done += max(0, written)
        }
    }

    private func unwritable(_ url: URL) -> FileError {
        .unwritable(path: url.path, reason: systemReason())
    }
}

/// The hold of this process on a directory, until the last copy is gone. The system releases it when the process dies.
package final class DirectoryLock: Sendable {
    private let file: Int32

    /// - Throws: `FileError.inUse` if another run holds the directory for a second.
    package init(_ directory: URL) throws(FileError) {
        let path = directory.appendingPathComponent(".lock").path
        file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw .unwritable(path: path, reason: systemReason()) }
        // A process that this one is just starting shares the lock of a run that has ended here, until it has become
        // the other program: that is over in a moment.
        for _ in 0..<100 {
            // A file system without locks is no reason to refuse.
            if flock(file, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK { return }
            usleep(10_000)
        }
        throw .inUse(path: directory.path)
    }

    // Also called when `init` throws.
    deinit { close(file) }
}
