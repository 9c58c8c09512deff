import Foundation
import Tensor
import Testing

@testable import FederationFlower

struct JSONTextTests {
    /// What `json.dumps` makes of the text.
    @Test func textIsEscapedAsPythonDoes() {
        #expect(JSONText.quoted(Fixture.quotes) == #""a \"quote\", a \\ and a \n""#)
        #expect(JSONText.quoted(Fixture.scalars) == #""gr\u00f6\u00dfe\u007f\u0001 \ud834\udd1e""#)
        #expect(JSONText.quoted("/ ~\u{8}\t\u{C}\r") == #""/ ~\b\t\f\r""#)
        #expect(JSONText.object([("a", "1"), ("b", "2")]) == #"{"a": "1", "b": "2"}"#)
        #expect(JSONText.object([(String, String)]()) == "{}")
        #expect(JSONText.array([1, 20]) == "[1, 20]")
        #expect(JSONText.array([]) == "[]")
    }

    @Test func everyScalarIsReadBack() throws {
        for start in stride(from: 0, to: 0x110000, by: 0x1000) {
            var text = ""
            for code in start..<start + 0x1000 where code % 17 == 0 || code < 0x100 {
                if let scalar = Unicode.Scalar(UInt32(code)) { text.unicodeScalars.append(scalar) }
            }
            var found: [String] = []
            try JSONText.read(Data(JSONText.object([(text, text)]).utf8), of: "it") {
                scanner, name throws(FlowerError) in
                found += [name, try scanner.string()]
            }
            #expect(found.map(Array.init) == [Array(text), Array(text)])
        }
    }

    @Test(arguments: [
        "", "{", "{}x", "[]", #"{"a"}"#, #"{"a": }"#, #"{"a": "b",}"#, #"{"a": 1}"#, #"{"a": "b"} {"#, #"{'a': "b"}"#,
        #"{"\ud800": "b"}"#, #"{"\udc00": "b"}"#, #"{"\x41": "b"}"#, #"{"\u12": "b"}"#, "{\"\u{1}\": \"b\"}",
        String(repeating: "{", count: 100_000), String(repeating: "[", count: 100_000),
    ])
    func otherTextIsRefused(text: String) {
        #expect(throws: FlowerError.self) {
            try JSONText.read(Data(text.utf8), of: "it") { scanner, _ throws(FlowerError) in
                _ = try scanner.string()
            }
        }
    }
}
