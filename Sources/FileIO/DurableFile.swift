import Foundation

/// A file that appears under its name complete or not at all.
///
/// The bytes go to a temporary file next to it; `commit` waits until they are on the storage medium, renames the
/// file, and waits for the folder. A file that is not committed leaves nothing behind. The package replaces files
/// only in this way.
public struct DurableFile: ~Copyable {
    /// The end of the names of temporary files, which begin with a period.
    package static let temporarySuffix = ".tmp"

    private let descriptor: Int32
    private let url: URL
    private let name: String
    private let temporary: String
    private let disk: Disk
    private var isCommitted = false

    /// Creates the temporary file.
    ///
    /// - Parameters:
    ///   - url: The final location of the file.
    ///   - name: The name of the file in errors; its path by default.
    ///   - isPrivate: Whether only the owner can read the file.
    public init(_ url: URL, name: String? = nil, isPrivate: Bool = false) throws(FileError) {
        try self.init(url, name: name, isPrivate: isPrivate, disk: Disk())
    }

    package init(_ url: URL, name: String? = nil, isPrivate: Bool = false, disk: Disk) throws(FileError) {
        let name = name ?? url.path
        let temporary =
            url.deletingLastPathComponent().path + "/.\(url.lastPathComponent).\(UUID().uuidString)"
            + Self.temporarySuffix
        try disk.beforeStep("create \(url.lastPathComponent)")
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, isPrivate ? 0o600 : 0o666)
        guard descriptor >= 0 else { throw .unwritable(path: name, reason: systemReason()) }
        (self.descriptor, self.url, self.name, self.temporary, self.disk) = (descriptor, url, name, temporary, disk)
    }

    deinit {
        close(descriptor)
        if !isCommitted { unlink(temporary) }
    }

    /// Appends bytes.
    public mutating func append(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        try disk.write(bytes, to: descriptor, name: name)
    }

    /// Renames the file to its final name, where it survives a power failure.
    public mutating func commit() throws(FileError) {
        try disk.beforeStep("synchronize \(url.lastPathComponent)")
        guard !disk.synchronizes || fsync(descriptor) == 0 else {
            throw .unwritable(path: name, reason: systemReason())
        }
        try disk.beforeStep("move \(url.lastPathComponent) into place")
        guard rename(temporary, url.path) == 0 else { throw .unwritable(path: name, reason: systemReason()) }
        isCommitted = true
        try disk.synchronize(directory: url.deletingLastPathComponent())
    }

    /// Replaces a file with the given contents, which only the owner can read if they are private.
    public static func write(_ contents: Data, to url: URL, isPrivate: Bool = false) throws(FileError) {
        var file = try DurableFile(url, isPrivate: isPrivate)
        let outcome = contents.withUnsafeBytes { bytes -> Result<Void, FileError> in
            do throws(FileError) { return .success(try file.append(bytes)) } catch { return .failure(error) }
        }
        try outcome.get()
        try file.commit()
    }
}

/// Returns the system's description of the last failed call.
func systemReason() -> String { String(cString: strerror(errno)) }
