/// A scanner for the subset of JSON in a safetensors header: objects, strings, and arrays of natural numbers.
///
/// General JSON parsers silently drop the first of two equal keys, lose the order of keys, and accept arbitrary
/// nesting. Errors are thrown as the error type of the format that contains the JSON.
public struct JSONScanner<Failure: Error> {
    private let bytes: [UInt8]
    private var position = 0
    private let failure: (_ expected: String, _ found: String) -> Failure

    /// Creates a scanner of bytes.
    ///
    /// - Parameters:
    ///   - bytes: The JSON.
    ///   - failure: Creates the error to throw from the expected and the found text.
    public init(_ bytes: [UInt8], failure: @escaping (_ expected: String, _ found: String) -> Failure) {
        (self.bytes, self.failure) = (bytes, failure)
    }

    private func fault(_ expected: String) -> Failure {
        let found =
            position < bytes.count
            ? "\(UnicodeScalar(bytes[position]).escaped(asASCII: true)) at byte \(position)" : "at its end"
        return failure("JSON with \(expected) here", found)
    }

    private mutating func skipSpace() {
        while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
    }

    /// Advances past `character` if it comes next.
    private mutating func accept(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ character: Unicode.Scalar) throws(Failure) {
        guard accept(character) else { throw fault("\(character)") }
    }

    /// Reads an object, calling `member` with each key to read its value.
    public mutating func object(
        _ member: (inout JSONScanner, String) throws(Failure) -> Void
    ) throws(Failure) {
        try expect("{")
        if accept("}") { return }
        repeat {
            skipSpace()
            let key = try string()
            try expect(":")
            try member(&self, key)
        } while accept(",")
        try expect("}")
    }

    /// Reads an array of natural numbers.
    public mutating func integers(atMost limit: Int) throws(Failure) -> [Int] {
        var numbers: [Int] = []
        try expect("[")
        if accept("]") { return numbers }
        repeat {
            guard numbers.count < limit else { throw fault("an array of at most \(limit) numbers") }
            numbers.append(try integer())
        } while accept(",")
        try expect("]")
        return numbers
    }

    private mutating func integer() throws(Failure) -> Int {
        skipSpace()
        let start = position
        var number = 0
        while position < bytes.count, (0x30...0x39).contains(bytes[position]) {
            let (tens, overflow) = number.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tens.addingReportingOverflow(Int(bytes[position] - 0x30))
            guard !overflow && !carry else { throw fault("a number below 2^63") }
            number = sum
            position += 1
        }
        let hasLeadingZero = position > start + 1 && bytes[start] == 0x30
        guard position > start && !hasLeadingZero else { throw fault("a natural number") }
        return number
    }

    /// Reads a string in quotation marks.
    public mutating func string() throws(Failure) -> String {
        try expect("\"")
        var content: [UInt8] = []
        while true {
            guard position < bytes.count else { throw fault("a closing quotation mark") }
            let byte = bytes[position]
            switch byte {
            case 0x22:
                guard let text = String(validating: content, as: UTF8.self) else { throw fault("UTF-8 before this") }
                position += 1
                return text
            case 0x5C:
                position += 1
                try escape(into: &content)
            case 0..<0x20: throw fault("no control character")
            default:
                content.append(byte)
                position += 1
            }
        }
    }

    /// Reads the rest of an escape, after the backslash.
    private mutating func escape(into content: inout [UInt8]) throws(Failure) {
        guard position < bytes.count else { throw fault("an escape") }
        let letter = bytes[position]
        position += 1
        switch UnicodeScalar(letter) {
        case "\"", "\\", "/": content.append(letter)
        case "b": content.append(0x08)
        case "f": content.append(0x0C)
        case "n": content.append(0x0A)
        case "r": content.append(0x0D)
        case "t": content.append(0x09)
        case "u":
            var code = try hexadecimal()
            if (0xD800..<0xDC00).contains(code), position + 1 < bytes.count, bytes[position] == 0x5C,
                bytes[position + 1] == UInt8(ascii: "u")
            {
                position += 2
                let low = try hexadecimal()
                guard (0xDC00..<0xE000).contains(low) else { throw fault("the second half of a surrogate pair") }
                code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let scalar = UnicodeScalar(code) else { throw fault("a Unicode scalar") }
            content += Array(String(Character(scalar)).utf8)
        default:
            position -= 1
            throw fault("an escape")
        }
    }

    private mutating func hexadecimal() throws(Failure) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard position < bytes.count, let digit = Character(UnicodeScalar(bytes[position])).hexDigitValue else {
                throw fault("four hexadecimal digits")
            }
            code = code << 4 | UInt32(digit)
            position += 1
        }
        return code
    }

    /// Checks that only white space follows.
    public mutating func end() throws(Failure) {
        skipSpace()
        guard position == bytes.count else { throw fault("nothing") }
    }
}

/// Writes JSON strings.
enum JSONWriter {
    /// Returns the text in quotation marks, with only the escapes that JSON requires.
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\u{08}": result += "\\b"
            case "\u{0C}": result += "\\f"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20:
                result += "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
