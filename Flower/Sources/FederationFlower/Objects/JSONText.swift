import Foundation
import Tensor

/// The JSON in the bodies of objects, as written by Python's `json.dumps`: ASCII, with a space after comma and colon.
///
/// With the same format on both sides, equal content has equal object ids.
enum JSONText {
    /// Returns an object of strings, in order.
    static func object(_ members: some Sequence<(String, String)>) -> String {
        "{" + members.map { "\(quoted($0)): \(quoted($1))" }.joined(separator: ", ") + "}"
    }

    /// Returns an array of integers.
    static func array(_ integers: [Int]) -> String {
        "[" + integers.map(String.init).joined(separator: ", ") + "]"
    }

    /// Returns the text in quotation marks, with everything except printable ASCII escaped.
    ///
    /// Error messages show foreign names in this form.
    static func quoted(_ text: String) -> String {
        var result = "\""
        for unit in text.utf16 {
            switch unit {
            case 0x22: result += "\\\""
            case 0x5C: result += "\\\\"
            case 0x08: result += "\\b"
            case 0x09: result += "\\t"
            case 0x0A: result += "\\n"
            case 0x0C: result += "\\f"
            case 0x0D: result += "\\r"
            case 0x20...0x7E: result.unicodeScalars.append(UnicodeScalar(UInt8(unit)))
            default:
                let digits = String(unit, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }
        }
        return result + "\""
    }

    /// Parses an object, calling `member` to read each member; nothing may follow the object.
    static func read(
        _ body: Data, of what: String, _ member: (inout JSONScanner<FlowerError>, String) throws(FlowerError) -> Void
    ) throws(FlowerError) {
        var scanner = JSONScanner([UInt8](body)) { expected, found in
            FlowerError.malformed(what: what, reason: "expected \(expected), found \(found)")
        }
        try scanner.object(member)
        try scanner.end()
    }
}
