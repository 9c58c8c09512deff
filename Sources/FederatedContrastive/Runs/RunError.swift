/// A run that cannot begin or continue.
public enum RunError: Error, Equatable, Sendable {
    /// A setting has a value that no run can have.
    case setting(_ name: String, found: String, expected: String)
    /// Settings that do not fit each other or the data; a sentence.
    case conflict(String)
    /// A file or folder that does not exist or cannot be read; a sentence.
    case missing(String)
    /// Data that cannot be used; a sentence that names the file.
    case data(String)
    /// The folder of a new run holds a run already, or cannot be created; a sentence.
    case cannotCreate(String)
    /// A file of the run cannot be written; a sentence.
    case unwritable(String)
}

extension RunError: CustomStringConvertible {
    /// One sentence: the setting or file, the fault, and the remedy.
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
