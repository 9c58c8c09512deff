import Foundation

/// The file operations of the package, each either durable or not performed at all when it returns.
///
/// `beforeStep` is called before every step; an error it throws stops the operation there and leaves everything as
/// is. The tests use it to kill a run at every step.
package struct Disk: Sendable {
    /// A closure called before every system call that changes something.
    package var beforeStep: @Sendable (String) throws(FileError) -> Void = { _ in }
    /// A closure called before a file is read; tests use it for media that fail.
    package var beforeReading: @Sendable (String) throws(FileError) -> Void = { _ in }
    /// The maximum number of bytes to write in one step.
    package var chunkLength = 1 << 24
    /// Whether to wait until written data is on the storage medium. Only tests have reason not to.
    package var synchronizes = true

    /// Creates file operations that wait for the storage medium.
    package init() {}

    /// Returns the contents of a file, or `nil` if there is none or it is longer than `limit` bytes.
    ///
    /// - Throws: `FileError.unreadable` if the file cannot be read, which says nothing about its contents.
    package func contents(of url: URL, limit: Int) throws(FileError) -> Data? {
        try beforeReading(url.lastPathComponent)
        do throws(FileError) {
            let file = try ReadableFile(url)
            return file.size > limit ? nil : try file.contents()
        } catch {
            if case .missing = error { return nil }
            throw error
        }
    }

    /// Writes a new file that only its owner can read, and waits until it is on the storage medium. Its name is durable after
    /// `synchronize(directory:)`.
    package func create(_ url: URL, contents: Data) throws(FileError) {
        try beforeStep("create \(url.lastPathComponent)")
        try write(contents, to: url, flags: O_WRONLY | O_CREAT | O_EXCL, after: 0)
    }

    /// Truncates a file after its first `length` bytes and appends `contents`, creating the file if necessary.
    package func extend(_ url: URL, after length: Int, with contents: Data) throws(FileError) {
        try beforeStep("extend \(url.lastPathComponent)")
        try write(contents, to: url, flags: O_WRONLY | O_CREAT, after: length)
    }

    private func write(_ contents: Data, to url: URL, flags: Int32, after length: Int) throws(FileError) {
        let file = open(url.path, flags | O_CLOEXEC | O_NOFOLLOW, 0o600)
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

    /// Renames a file or directory in one step, replacing any file of that name.
    package func move(_ url: URL, to target: URL) throws(FileError) {
        try beforeStep("move \(url.lastPathComponent) to \(target.lastPathComponent)")
        guard rename(url.path, target.path) == 0 else { throw unwritable(target) }
    }

    /// Creates a directory that only its owner can enter, and its parent directories, and waits until their names are on
    /// the storage medium.
    package func makeDirectory(_ url: URL) throws(FileError) {
        if FileManager.default.fileExists(atPath: url.path) { return }
        let parent = url.deletingLastPathComponent()
        if parent.path != url.path { try makeDirectory(parent) }
        try beforeStep("make \(url.lastPathComponent)")
        guard mkdir(url.path, 0o700) == 0 || errno == EEXIST else { throw unwritable(url) }
        try synchronize(directory: parent)
    }

    /// Creates a symbolic link to a file in the same directory, replacing an older link only when the new one is
    /// complete.
    package func link(_ url: URL, to neighbour: String) throws(FileError) {
        let fresh = url.deletingLastPathComponent().appendingPathComponent("." + url.lastPathComponent)
        try remove(fresh)
        try beforeStep("link \(fresh.lastPathComponent)")
        guard symlink(neighbour, fresh.path) == 0 else { throw unwritable(url) }
        try move(fresh, to: url)
    }

    /// Removes a file, or a directory and its contents, if it exists. This is not a single step.
    package func remove(_ url: URL) throws(FileError) {
        var status = stat()
        guard lstat(url.path, &status) == 0 else { return }
        try beforeStep("remove \(url.lastPathComponent)")
        do { try FileManager.default.removeItem(at: url) } catch {
            throw .unwritable(path: url.path, reason: error.localizedDescription)
        }
    }

    /// Waits until the names in a directory are on the storage medium.
    package func synchronize(directory: URL) throws(FileError) {
        try beforeStep("synchronize \(directory.lastPathComponent)")
        guard synchronizes else { return }
        let file = open(directory.path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw unwritable(directory) }
        defer { close(file) }
        // Some file systems do not support this for directories and return EINVAL.
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

/// A lock that this process holds on a directory until the last copy is released or the process ends.
package final class DirectoryLock: Sendable {
    private let file: Int32

    /// Whether the file system supports locks; if not, nothing prevents a second process from working in the directory.
    package let isEffective: Bool

    /// Locks a directory.
    ///
    /// - Throws: `FileError.inUse` if another run holds the directory for a second.
    package init(_ directory: URL) throws(FileError) {
        let path = directory.appendingPathComponent(".lock").path
        file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw .unwritable(path: path, reason: systemReason()) }
        // A process that this one is just starting shares the lock of a run that ended here until it has executed the
        // other program, which takes only a moment.
        for _ in 0..<100 {
            if flock(file, LOCK_EX | LOCK_NB) == 0 {
                isEffective = true
                return
            }
            // A file system without locks is no reason to fail.
            if errno != EWOULDBLOCK {
                isEffective = false
                return
            }
            usleep(10_000)
        }
        isEffective = false
        throw .inUse(path: directory.path)
    }

    // Also runs when `init` throws.
    deinit { close(file) }
}
