import Foundation

/// A part of a message as stored and sent by Flower: its type, its child objects, and a body.
///
/// The encoding is `<type> <ids of the children, comma-separated> <length of the body>`, a zero byte, and the body. The
/// id is the SHA-256 of the encoding, so that equal content is stored and sent once.
package struct FlowerObject: Sendable, Equatable {
    /// Flower's name of the class.
    package let type: String
    /// The ids of the objects to which this one refers, without duplicates.
    package let children: [String]
    /// The body, whose meaning depends on the type; for decoded objects a slice, to avoid copying.
    package let body: Data

    package init(type: String, children: [String] = [], body: Data) {
        (self.type, self.children, self.body) = (type, children, body)
    }

    /// The encoded object.
    package var encoded: Data {
        Data("\(type) \(children.joined(separator: ",")) \(body.count)\0".utf8) + body
    }

    /// The lowercase hexadecimal SHA-256 of `encoded`.
    package var id: String { Self.id(of: encoded) }

    /// Returns the id of an encoded object.
    package static func id(of encoded: Data) -> String { SHA256.hash(encoded).hexadecimal }

    /// Returns whether the text has the form of an id.
    package static func isID(_ text: some StringProtocol) -> Bool {
        text.utf8.count == 64 && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    /// Decodes the object with the given id.
    ///
    /// - Throws: `FlowerError.malformed` if the bytes do not match the id, or are not an object.
    package init(decoding encoded: Data, id: String) throws(FlowerError) {
        func fault(_ reason: String) -> FlowerError { .malformed(what: Self.name(id), reason: reason) }
        guard Self.id(of: encoded) == id else {
            throw fault("its \(encoded.count) bytes have another SHA-256")
        }
        guard let end = encoded.firstIndex(of: 0),
            let head = String(validating: encoded[..<end], as: UTF8.self), head.utf8.allSatisfy({ $0 < 0x80 })
        else { throw fault("it has no head") }
        let parts = head.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 3, !parts[0].isEmpty else { throw fault("its head is not a type, children and a length") }
        let children = parts[1].isEmpty ? [] : parts[1].split(separator: ",", omittingEmptySubsequences: false)
        guard children.allSatisfy(Self.isID), Set(children).count == children.count else {
            throw fault("the ids of its children are not different SHA-256s")
        }
        let body = encoded[(end + 1)...]
        guard parts[2] == "\(body.count)" else {
            let claim = JSONText.quoted(String(parts[2].prefix(20)))
            throw fault("its head says \(claim) bytes, and there are \(body.count)")
        }
        self.init(type: String(parts[0]), children: children.map(String.init), body: body)
    }

    /// Returns the name of an object for error messages.
    static func name(_ id: String) -> String { "object \(JSONText.quoted(String(id.prefix(12))))" }
}
