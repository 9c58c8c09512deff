import FileIO

/// What can be wrong with a file of weights, or between it and a model.
public enum WeightsError: Error, Hashable, Sendable {
    /// The operating system would not let the file be read.
    case unreadable(file: String, reason: String)
    /// The operating system would not let the file be written.
    case unwritable(file: String, reason: String)
    /// The bytes are not a safetensors file, or not one that this package reads; `tensor` is empty where the fault
    /// concerns the whole file.
    case invalid(file: String, tensor: String, field: String, expected: String, found: String)
    /// The file is sound but holds something else than what is asked for.
    case mismatch(file: String, tensor: String, field: String, expected: String, found: String)
}

extension WeightsError: CustomStringConvertible {
    /// One sentence: file, tensor, field, what was expected, what was found, what to do.
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

    /// Text from a file as it may be shown in a terminal: no control characters, no more than 120 characters.
    private static func printable(_ text: String) -> String {
        var shown = ""
        for scalar in text.unicodeScalars.prefix(120) {
            shown += scalar.properties.generalCategory == .control ? scalar.escaped(asASCII: true) : String(scalar)
        }
        return text.unicodeScalars.count > 120 ? shown + "…" : shown
    }
}

extension WeightsError {
    /// The error that a fault of a file amounts to.
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
