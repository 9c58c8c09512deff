/// An error with a file or folder, which the modules above translate into their own words.
public enum FileError: Error, Hashable, Sendable {
    /// There is no file at that path.
    case missing(path: String)
    /// The file cannot be read, or is not a regular file.
    case unreadable(path: String, reason: String)
    /// The file cannot be written; any existing file at that path is unchanged.
    case unwritable(path: String, reason: String)
    /// Another process has locked the folder.
    case inUse(path: String)
    /// The compressed data is damaged; `field` is `deflate data`, `CRC-32`, `ISIZE`, or `gzip header`.
    case damagedGzip(path: String, field: String, reason: String)
}

extension FileError: CustomStringConvertible {
    /// A sentence with the path and the error.
    public var description: String {
        switch self {
        case .missing(let path): "\(path): there is no such file; check the path"
        case .unreadable(let path, let reason): "\(path) cannot be read: \(reason)"
        case .unwritable(let path, let reason): "\(path) cannot be written: \(reason)"
        case .inUse(let path): "another process works in \(path); wait for it or choose another directory"
        case .damagedGzip(let path, let field, let reason):
            "\(path): its \(field) is damaged: \(reason); copy or download it again"
        }
    }
}
