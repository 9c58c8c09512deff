import FileIO

/// An error in a file of weights, or a mismatch between the file and a model.
public enum WeightsError: Error, Hashable, Sendable {
    /// The operating system did not allow the file to be read.
    case unreadable(file: String, reason: String)
    /// The operating system did not allow the file to be written.
    case unwritable(file: String, reason: String)
    /// The bytes are not a safetensors file, or not one that this package supports; `tensor` is empty if the error
    /// concerns the whole file.
    case invalid(file: String, tensor: String, field: String, expected: String, found: String)
    /// The file is valid but holds something other than requested.
    case mismatch(file: String, tensor: String, field: String, expected: String, found: String)
}

extension WeightsError: CustomStringConvertible {
    /// A sentence with the file, the tensor, the field, the expected value, the actual value, and the remedy.
    public var description: String {
        switch self {
        case .unreadable(let file, let reason):
            "\(file) cannot be read: \(reason); check the path and its permissions."
        case .unwritable(let file, let reason):
            "\(file) cannot be written: \(reason); check the folder, its permissions and the space left on the disk."
        case .invalid(let file, let tensor, let field, let expected, let found):
            "\(file) is not a valid safetensors file: \(Self.place(tensor, field)) should be \(expected) but is "
                + "\(Self.printable(found)); copy or export the file again."
        case .mismatch(let file, let tensor, let field, let expected, let found):
            "\(file) does not fit: \(Self.place(tensor, field)) should be \(expected) but is "
                + "\(Self.printable(found)); use the configuration that the file was saved with."
        }
    }

    private static func place(_ tensor: String, _ field: String) -> String {
        tensor.isEmpty ? field : "\(field) of tensor \(printable(tensor))"
    }

    /// Returns text from a file that is safe to show in a terminal: no control characters, and at most 120
    /// characters.
    private static func printable(_ text: String) -> String {
        var shown = ""
        for scalar in text.unicodeScalars.prefix(120) {
            shown += scalar.properties.generalCategory == .control ? scalar.escaped(asASCII: true) : String(scalar)
        }
        return text.unicodeScalars.count > 120 ? shown + "…" : shown
    }
}

extension WeightsError {
    /// Creates the error that corresponds to a file error.
    init(_ error: FileError) {
        switch error {
        case .missing(let path): self = .unreadable(file: path, reason: "No such file or directory")
        case .unreadable(let path, let reason): self = .unreadable(file: path, reason: reason)
        case .unwritable(let path, let reason): self = .unwritable(file: path, reason: reason)
        case .inUse(let path): self = .unwritable(file: path, reason: "another process uses it")
        case .damagedGzip(let path, _, let reason): self = .unreadable(file: path, reason: reason)
        }
    }
}
