import FileIO

/// An error in reading or writing a file or a data set.
///
/// Each description is one sentence that names the file, the fault, and the expected content.
public enum VolumesError: Error, Equatable, Sendable {
    // MARK: Any file

    /// No file exists at the path.
    case missing(file: String)
    /// The file exists but cannot be read or is not a regular file.
    case unreadable(file: String, reason: String)
    /// The file cannot be written; a file that existed at the path is unchanged.
    case unwritable(file: String, reason: String)

    // MARK: NIfTI

    /// The file is neither NIfTI-1 nor NIfTI-2.
    case notNIfTI(file: String, reason: String)
    /// A field of the header has a value that is invalid or that contradicts another field.
    case invalidField(file: String, field: String, found: String, expected: String)
    /// The file ends before the last byte that its header promises.
    case truncated(file: String, field: String, promisedByteCount: Int, foundByteCount: Int)
    /// The compressed data is damaged: `field` is `deflate data`, `CRC-32`, `ISIZE`, or `gzip header`.
    case damagedGzip(file: String, field: String, reason: String)
    /// A voxel value cannot be stored in the requested datatype.
    case unrepresentable(file: String, value: String, datatype: NIfTI.Datatype)

    // MARK: Data sets

    /// The folder does not contain the data set.
    case noDataSet(folder: String, reason: String)
    /// The folder contains several releases of the data set, and none was chosen.
    case severalReleases(folder: String, found: [String])
    /// Parts of a data set are missing or broken; each problem is one sentence that names the file.
    case incomplete(folder: String, problems: [String])
}

extension VolumesError: CustomStringConvertible {
    /// A sentence that names the file, the fault, the expected content, and a remedy.
    public var description: String {
        switch self {
        case .missing(let file):
            "\(file): there is no such file; check the path"
        case .unreadable(let file, let reason):
            "\(file): cannot be read: \(reason)"
        case .unwritable(let file, let reason):
            "\(file): cannot be written: \(reason)"
        case .notNIfTI(let file, let reason):
            "\(file): is not a NIfTI file: \(reason)"
        case .invalidField(let file, let field, let found, let expected):
            "\(file): \(field) is \(found), but must be \(expected)"
        case .truncated(let file, let field, let promised, let found):
            "\(file): ends after \(found) of the \(promised) bytes that follow from \(field); copy or download it again"
        case .damagedGzip(let file, let field, let reason):
            "\(file): its \(field) is damaged: \(reason); copy or download it again"
        case .unrepresentable(let file, let value, let datatype):
            "\(file): the voxel value \(value) does not fit datatype \(datatype); write float32 instead"
        case .noDataSet(let folder, let reason):
            "\(folder): is not the folder of a data set: \(reason)"
        case .severalReleases(let folder, let found):
            "\(folder): holds several releases of the data set, \(found.joined(separator: " and ")); "
                + "choose one, or pass the folder of one"
        case .incomplete(let folder, let problems):
            Self.list(problems, in: folder)
        }
    }

    /// Returns a message that lists the problems of a data set, at most the first twenty.
    private static func list(_ problems: [String], in folder: String) -> String {
        let shown = problems.prefix(20).map { "\n  " + $0 }.joined()
        let more = problems.count > 20 ? "\n  and \(problems.count - 20) more" : ""
        let pieces = problems.count == 1 ? "1 piece" : "\(problems.count) pieces"
        return "\(folder): \(pieces) of the data set missing or broken; "
            + "unpack the archive again, or move these patients away:" + shown + more
    }
}

extension VolumesError {
    /// Creates the error that corresponds to an error of file access.
    init(_ error: FileError) {
        switch error {
        case .missing(let path): self = .missing(file: path)
        case .unreadable(let path, let reason): self = .unreadable(file: path, reason: reason)
        case .unwritable(let path, let reason): self = .unwritable(file: path, reason: reason)
        case .inUse(let path): self = .unwritable(file: path, reason: "another process uses it")
        case .damagedGzip(let path, let field, let reason):
            self = .damagedGzip(file: path, field: field, reason: reason)
        }
    }
}
