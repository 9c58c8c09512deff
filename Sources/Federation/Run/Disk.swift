import Foundation

/// The file operations with which a run is saved, each of them durable or not done at all once it returned.
///
/// `beforeStep` is told of every step, and what it throws stops the operation there and leaves everything as it is: the
/// tests kill a run at every step with it.
package struct Disk: Sendable {
    /// Called before every system call that changes something.
    package var beforeStep: @Sendable (String) throws(FederationError) -> Void = { _ in }
    /// The most bytes written in one step.
    package var chunkLength = 1 << 24
    /// Whether to wait until the medium holds what was written. Only tests have reason not to.
    package var synchronizes = true

    /// File operations that wait for the medium.
    package init() {}

    /// Writes a new file, and waits until it is on the medium. Its name is durable after `synchronize(directory:)`.
    func create(_ url: URL, contents: Data) throws(FederationError) {
        try beforeStep("create \(url.lastPathComponent)")
        try write(contents, to: url, flags: O_WRONLY | O_CREAT | O_EXCL, after: 0)
    }

    /// Cuts a file after its first `length` bytes and appends `contents`; creates it if need be.
    func extend(_ url: URL, after length: Int, with contents: Data) throws(FederationError) {
        try beforeStep("extend \(url.lastPathComponent)")
        try write(contents, to: url, flags: O_WRONLY | O_CREAT, after: length)
    }

    private func write(_ contents: Data, to url: URL, flags: Int32, after length: Int) throws(FederationError) {
        let file = open(url.path, flags | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw unwritable(url) }
        defer { close(file) }
        guard ftruncate(file, off_t(length)) == 0, lseek(file, off_t(length), SEEK_SET) >= 0 else {
            throw unwritable(url)
        }
        var rest = contents[...]
        while !rest.isEmpty {
            let chunk = rest.prefix(chunkLength)
            try beforeStep("write \(chunk.count) bytes of \(url.lastPathComponent)")
            let written = chunk.withUnsafeBytes { writeBytes(file, $0) }
            guard written > 0 || errno == EINTR else { throw unwritable(url) }
            rest = rest.dropFirst(max(0, written))
        }
        try beforeStep("synchronize \(url.lastPathComponent)")
        guard !synchronizes || fsync(file) == 0 else { throw unwritable(url) }
    }

    /// Gives a file or directory another name in one step, in place of a file of that name.
    func move(_ url: URL, to target: URL) throws(FederationError) {
        try beforeStep("move \(url.lastPathComponent) to \(target.lastPathComponent)")
        guard rename(url.path, target.path) == 0 else { throw unwritable(target) }
    }

    /// Creates a directory and those above it.
    func makeDirectory(_ url: URL) throws(FederationError) {
        try beforeStep("make \(url.lastPathComponent)")
        do { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) } catch {
            throw .unwritable(path: url.path, reason: error.localizedDescription)
        }
    }

    /// Makes a symbolic link to a neighbour, which takes the place of an older link only when it is complete.
    func link(_ url: URL, to neighbour: String) throws(FederationError) {
        let fresh = url.deletingLastPathComponent().appendingPathComponent("." + url.lastPathComponent)
        try remove(fresh)
        try beforeStep("link \(fresh.lastPathComponent)")
        guard symlink(neighbour, fresh.path) == 0 else { throw unwritable(url) }
        try move(fresh, to: url)
    }

    /// Removes a file, or a directory and all that is in it, if it exists. Not one step.
    func remove(_ url: URL) throws(FederationError) {
        var status = stat()
        guard lstat(url.path, &status) == 0 else { return }
        try beforeStep("remove \(url.lastPathComponent)")
        do { try FileManager.default.removeItem(at: url) } catch {
            throw .unwritable(path: url.path, reason: error.localizedDescription)
        }
    }

    /// Waits until the names in a directory are on the medium.
    func synchronize(directory: URL) throws(FederationError) {
        try beforeStep("synchronize \(directory.lastPathComponent)")
        guard synchronizes else { return }
        let file = open(directory.path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw unwritable(directory) }
        defer { close(file) }
        guard fsync(file) == 0 else { throw unwritable(directory) }
    }

    private func unwritable(_ url: URL) -> FederationError {
        .unwritable(path: url.path, reason: String(cString: strerror(errno)))
    }
}

/// `write(2)`, out of reach of the methods named so.
private func writeBytes(_ file: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    write(file, bytes.baseAddress, bytes.count)
}
