import Foundation
import Testing

@testable import FederationFlower

struct FlowerObjectTests {
    private let child = String(repeating: "0a", count: 32)
    private let other = String(repeating: "f9", count: 32)

    @Test func theFormIsAHeadAZeroAndABody() throws {
        let object = FlowerObject(type: "Array", children: [child, other], body: Data([1, 0, 2]))
        #expect(object.encoded == Data("Array \(child),\(other) 3\0".utf8) + Data([1, 0, 2]))
        #expect(try FlowerObject(decoding: object.encoded, id: object.id) == object)
        let empty = FlowerObject(type: "ArrayChunk", body: Data())
        #expect(empty.encoded == Data("ArrayChunk  0\0".utf8))
        #expect(try FlowerObject(decoding: (Data([9]) + empty.encoded).dropFirst(), id: empty.id) == empty)
    }

    /// FIPS 180-2, appendix B.1.
    @Test func theIDIsTheSHA256() {
        #expect(
            FlowerObject.id(of: Data("abc".utf8)) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    @Test func otherBytesAreRefused() {
        let object = FlowerObject(type: "Array", children: [child], body: Data([1, 2]))
        for id in [child, "", object.id.uppercased(), String(object.id.dropLast())] {
            #expect(throws: FlowerError.self) { try FlowerObject(decoding: object.encoded, id: id) }
        }
        for index in object.encoded.indices {
            var changed = object.encoded
            changed[index] ^= 1
            #expect(throws: FlowerError.self) { try FlowerObject(decoding: changed, id: object.id) }
        }
    }

    @Test func everyTruncationIsRefused() {
        let encoded = FlowerObject(type: "Array", children: [child, other], body: Data([1, 0, 2])).encoded
        for count in 0..<encoded.count {
            let cut = encoded.prefix(count)
            #expect(throws: FlowerError.self) { try FlowerObject(decoding: cut, id: FlowerObject.id(of: cut)) }
        }
    }

    @Test func otherHeadsAreRefused() {
        for head in [
            "", " ", "  ", "Array", "Array 0", "Array  0 ", " Array  0", "  0", "Array   0", "Array  1", "Array  00",
            "Array  +0", "Array  -0", "Array  0x0", "Array  ٠", "Ärray  0", "Array  99999999999999999999",
            "Array \(child), 0", "Array ,\(child) 0", "Array \(child),\(child) 0", "Array \(child.uppercased()) 0",
            "Array \(child.dropLast()) 0", "Array \(child)0 0", "Array \(child.dropLast())g 0", "Array\n\(child) 0",
        ] {
            let encoded = Data((head + "\0").utf8)
            #expect(throws: FlowerError.self, "\(head)") {
                try FlowerObject(decoding: encoded, id: FlowerObject.id(of: encoded))
            }
        }
        let invalid = Data([0xFF]) + Data("  0\0".utf8)
        #expect(throws: FlowerError.self) { try FlowerObject(decoding: invalid, id: FlowerObject.id(of: invalid)) }
    }
}
