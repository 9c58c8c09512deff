/// An error that prevents a run from starting or continuing.
public enum RunError: Error, Equatable, Sendable {
    /// A setting has an invalid value.
    case setting(_ name: String, found: String, expected: String)
    /// Settings conflict with each other or with the data; a sentence.
    case conflict(String)
    /// A file or folder does not exist or cannot be read; a sentence.
    case missing(String)
    /// Data cannot be used; a sentence that names the file.
    case data(String)
    /// The folder of a new run already holds a run, or cannot be created; a sentence.
    case cannotCreate(String)
    /// A file of the run cannot be written; a sentence.
    case unwritable(String)
}

extension RunError: CustomStringConvertible {
    /// A sentence with the setting or file, the error, and the remedy.
    public var description: String {
        switch self {
        case .setting(let name, let found, let expected): "\(name) is \(found); \(expected) is expected."
        case .conflict(let sentence), .missing(let sentence), .data(let sentence), .cannotCreate(let sentence),
            .unwritable(let sentence):
            sentence
        }
    }
}

/// Throws an error about a setting unless the condition holds.
func check(
    _ name: String, _ value: some Any, _ holds: Bool, _ expected: @autoclosure () -> String
) throws(RunError) {
    if !holds { throw .setting(name, found: "\(value)", expected: expected()) }
}
