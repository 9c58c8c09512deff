import Foundation
import Tensor
import Testing

@testable import FederationFlower

/// Messages whose objects are not what they should be, but have the ids that belong to them.
struct ObjectReaderTests {
    private let graph = ObjectGraph(message: Self.message, chunkBytes: 140)
    private var decoded: FlowerMessage {
        get throws { try FlowerMessage(wire: graph.wire, tree: graph.tree, objects: graph.objects) }
    }

    /// One object of each type, and two chunks.
    private static let message = FlowerMessage(
        metadata: Fixture.metadata(""),
        content: .records(
            RecordDict([
                ("arrays", .arrays(ArrayRecord([("a", NumPyArray([1, 2, 3, 4], shape: [4]))]))),
                ("metrics", .metrics(MetricRecord([("b", .signed(1)), ("c", .doubles([1, 2]))]))),
                ("config", .config(ConfigRecord([("d", .strings(["e"])), ("f", .bool(true))]))),
            ])))

    /// The objects with one of them replaced, and those that refer to it given its new id.
    private func decode(
        replacing id: String, by object: Data, maximumBytes: Int = 1 << 20, with others: [String: Data] = [:]
    ) throws -> FlowerMessage {
        var renamed: [(old: Data, new: Data)] = []
        var objects = others
        var root = ""
        for old in graph.order {
            var encoded = old == id ? object : graph.objects[old]!
            for (old, new) in renamed {
                while let range = encoded.range(of: old) { encoded.replaceSubrange(range, with: new) }
            }
            root = FlowerObject.id(of: encoded)
            if root != old { renamed.append((Data(old.utf8), Data(root.utf8))) }
            objects[root] = encoded
        }
        return try ObjectReader(objects: objects, maximumBytes: maximumBytes).message(root)
    }

    /// The first object of a type.
    private func object(_ type: String) throws -> (id: String, object: FlowerObject) {
        for id in graph.order {
            let object = try FlowerObject(decoding: graph.objects[id]!, id: id)
            if object.type == type { return (id, object) }
        }
        throw FlowerError.malformed(what: type, reason: "not in this message")
    }

    private func decode(_ type: String, children: [String]? = nil, body: String) throws -> FlowerMessage {
        let (id, object) = try object(type)
        let other = FlowerObject(type: type, children: children ?? object.children, body: Data(body.utf8))
        return try decode(replacing: id, by: other.encoded)
    }

    @Test func theMessageIsReadAsItIs() throws {
        #expect(try decoded.content == Self.message.content)
        for id in graph.order {
            #expect(try decode(replacing: id, by: graph.objects[id]!) == decoded)
        }
    }

    @Test func everyObjectIsNeeded() {
        for id in graph.order {
            var objects = graph.objects
            objects[id] = nil
            #expect(throws: FlowerError.malformed(what: "object \"\(id.prefix(12))\"", reason: "it is missing")) {
                try FlowerMessage(wire: graph.wire, tree: graph.tree, objects: objects)
            }
        }
    }

    @Test func everyTruncationIsRefused() throws {
        for id in graph.order {
            let object = try FlowerObject(decoding: graph.objects[id]!, id: id)
            for count in 0..<graph.objects[id]!.count {
                let cut = graph.objects[id]!.prefix(count)
                #expect(throws: FlowerError.self) { try decode(replacing: id, by: cut) }
            }
            for count in 0..<object.body.count {
                let body = object.body.prefix(count)
                let cut = FlowerObject(type: object.type, children: object.children, body: body).encoded
                // Protocol Buffers may end after any field.
                if ["Message", "MetricRecord", "ConfigRecord"].contains(object.type) {
                    _ = try? decode(replacing: id, by: cut)
                } else {
                    #expect(throws: FlowerError.self) { try decode(replacing: id, by: cut) }
                }
            }
        }
    }

    @Test func changedBytesDoNotTrap() throws {
        var generator = SeededGenerator(seed: 5)
        for id in graph.order {
            for index in 0..<graph.objects[id]!.count {
                var changed = graph.objects[id]!
                changed[index] ^= UInt8(1 + generator.integer(below: 255))
                _ = try? decode(replacing: id, by: changed)
                // Without the new ids, nothing that changed is accepted.
                var objects = graph.objects
                objects[id] = changed
                #expect(throws: FlowerError.self) {
                    try FlowerMessage(wire: graph.wire, tree: graph.tree, objects: objects)
                }
            }
        }
    }

    @Test func anObjectOfAnotherTypeIsRefused() throws {
        for id in graph.order {
            let object = try FlowerObject(decoding: graph.objects[id]!, id: id)
            for type in ["Message", "RecordDict", "ArrayRecord", "Array", "ArrayChunk", "MetricRecord", "Other"]
            where type != object.type {
                let other = FlowerObject(type: type, children: object.children, body: object.body)
                #expect(throws: FlowerError.self, "\(type) for \(object.type)") {
                    try decode(replacing: id, by: other.encoded)
                }
            }
        }
    }

    @Test func whatHasNoChildrenHasNone() throws {
        let chunk = try object("ArrayChunk").id
        for type in ["MetricRecord", "ConfigRecord"] {
            let (id, object) = try object(type)
            let other = FlowerObject(type: type, children: [chunk], body: object.body)
            #expect(throws: FlowerError.self) { try decode(replacing: id, by: other.encoded) }
        }
        let message = try object("Message")
        for children in [[], message.object.children + [chunk]] {
            let other = FlowerObject(type: "Message", children: children, body: message.object.body)
            #expect(throws: FlowerError.self) { try decode(replacing: message.id, by: other.encoded) }
        }
        // The second chunk as a child of the first.
        let first = FlowerObject(
            type: "ArrayChunk", children: [graph.order[1]], body: try object("ArrayChunk").object.body)
        #expect(throws: FlowerError.self) { try decode(replacing: graph.order[0], by: first.encoded) }
    }

    @Test func referencesAreTheChildren() throws {
        let (_, dictionary) = try object("RecordDict")
        let (a, b, c) = (dictionary.children[0], dictionary.children[1], dictionary.children[2])
        #expect(throws: Never.self) {
            try decode("RecordDict", body: #"{"1": "\#(b)","2" :"\#(a)", "3": "\#(c)", "4": "\#(a)"}"#)
        }
        for body in [
            #"{}"#, #"{"1": "\#(a)", "2": "\#(b)"}"#, #"{"1": "\#(a)", "1": "\#(b)", "2": "\#(c)"}"#,
            #"{"1": "\#(a)", "2": "\#(b)", "3": "\#(c)", "4": "\#(graph.order[0])"}"#, #"{"1": ["\#(a)"]}"#,
            #"{"1": "\#(a)", "2": "\#(b)", "3": "\#(c)", "1": "\#(a)"}"#,
            #"{"1": "\#(a)", "2": "\#(b)", "3": "\#(c)"} "4""#,
        ] {
            #expect(throws: FlowerError.self, "\(body)") { try decode("RecordDict", body: body) }
        }
        // A record that is among the objects, but no child of this one.
        #expect(throws: FlowerError.self) {
            try decode("RecordDict", children: [a, b], body: #"{"1": "\#(a)", "2": "\#(c)"}"#)
        }
    }

    @Test(arguments: [
        (#""float64""#, "[4]", #""numpy.ndarray""#, "[0, 1]"), (#""float32""#, "[2, 2]", #""numpy.ndarray""#, "[0, 1]"),
        (#""float32""#, "[4]", #""other""#, "[0, 1]"), (#""float32""#, "[4]", #""numpy.ndarray""#, "[1, 0]"),
        (#""float32""#, "[4]", #""numpy.ndarray""#, "[0]"), (#""float32""#, "[4]", #""numpy.ndarray""#, "[]"),
        (#""float32""#, "[4]", #""numpy.ndarray""#, "[0, 1, 2]"),
        (#""float32""#, "[4]", #""numpy.ndarray""#, "[0, 1, 1]"),
        (#""float32""#, "[4]", #""numpy.ndarray""#, "[0, -1]"), (#""float32""#, "4", #""numpy.ndarray""#, "[0, 1]"),
        (#""float32""#, "[9223372036854775807, 9223372036854775807]", #""numpy.ndarray""#, "[0, 1]"),
        (#""float32""#, "[99999999999999999999]", #""numpy.ndarray""#, "[0, 1]"),
        ("4", "[4]", #""numpy.ndarray""#, "[0, 1]"),
    ])
    func anArrayIsWhatItsDescriptionSays(dtype: String, shape: String, stype: String, chunks: String) throws {
        func body(_ dtype: String, _ shape: String, _ stype: String, _ chunks: String) -> String {
            #"{"arraychunk_ids":\#(chunks),"stype":\#(stype),"shape":\#(shape),"dtype":\#(dtype)}"#
        }
        #expect(throws: Never.self) {
            try decode("Array", body: body(#""float32""#, "[4]", #""numpy.ndarray""#, "[0, 1]"))
        }
        #expect(throws: FlowerError.self) { try decode("Array", body: body(dtype, shape, stype, chunks)) }
    }

    @Test func everyChunkOfAnArrayIsUsed() throws {
        let (id, array) = try object("Array")
        let chunk = FlowerObject(type: "ArrayChunk", body: Data([1]))
        let other = FlowerObject(type: "Array", children: array.children + [chunk.id], body: array.body)
        #expect(throws: FlowerError.self) {
            try decode(replacing: id, by: other.encoded, with: [chunk.id: chunk.encoded])
        }
    }

    @Test func anArrayHasNoMoreThanItsFourFields() throws {
        let body = String(decoding: try object("Array").object.body, as: UTF8.self).dropLast()
        #expect(throws: FlowerError.self) { try decode("Array", body: body + #", "dtype": "float32"}"#) }
        #expect(throws: FlowerError.self) { try decode("Array", body: body + #", "more": "b"}"#) }
        #expect(throws: FlowerError.self) { try decode("Array", body: #"{"dtype": "float32", "shape": [4]}"#) }
    }

    /// One chunk that is named a million times would be an array of 140 MB.
    @Test func anArrayDoesNotGrowWithoutLimit() throws {
        let chunks = "[0, 1" + String(repeating: ",0", count: 1_000_000) + "]"
        let body =
            #"{"dtype": "float32", "shape": [35000000], "stype": "numpy.ndarray", "arraychunk_ids": \#(chunks)}"#
        let message = "the message's arrays have more than \(1 << 20) bytes"
        #expect { try decode("Array", body: body) } throws: { "\($0)".hasSuffix(message) }

        let (id, object) = try object("Array")
        let count = try object.children.reduce(0) {
            try $0 + FlowerObject(decoding: graph.objects[$1]!, id: $1).body.count
        }
        #expect(throws: Never.self) { try decode(replacing: id, by: object.encoded, maximumBytes: count) }
        #expect(throws: FlowerError.self) { try decode(replacing: id, by: object.encoded, maximumBytes: count - 1) }
    }

    @Test func anArrayOfManyNamesIsReadOnce() throws {
        let array = NumPyArray([1, 2, 3, 4], shape: [4])
        let record = ArrayRecord((0..<1000).map { ("\($0)", array) })
        let records = RecordDict([("a", .arrays(record)), ("b", .arrays(ArrayRecord([("c", array)])))])
        let graph = ObjectGraph(message: FlowerMessage(metadata: Fixture.metadata(""), content: .records(records)))
        let message = try ObjectReader(objects: graph.objects, maximumBytes: array.npy.count).message(graph.root)
        #expect(message.content == .records(records))
    }

    /// Objects with ids that are not their own could be in a circle; they end at the first.
    @Test func circlesAreRefused() {
        let id = String(repeating: "a", count: 64)
        for type in ["Message", "RecordDict", "ArrayRecord", "Array"] {
            let circle = FlowerObject(type: type, children: [id], body: Data(#"{"a": "\#(id)"}"#.utf8)).encoded
            #expect(throws: FlowerError.self) {
                try ObjectReader(objects: [id: circle], maximumBytes: 1 << 20).message(id)
            }
        }
    }

    @Test func treesAreNoDeeperThanMessages() throws {
        var tree = Flwr_Proto_ObjectTree()
        tree.objectID = String(repeating: "a", count: 64)
        for depth in 1...90 {
            if depth <= 5 {
                #expect(try tree.identifiers() == [tree.objectID])
            } else {
                #expect(throws: FlowerError.self) { try tree.identifiers() }
            }
            var parent = tree
            parent.children = [tree, tree]
            tree =
                depth < 5
                ? parent
                : .with {
                    $0.objectID = parent.objectID; $0.children = [tree]
                }
        }
        tree = Flwr_Proto_ObjectTree()
        for id in ["", "abc", String(repeating: "A", count: 64), String(repeating: "\u{212A}", count: 64)] {
            tree.objectID = id
            #expect(throws: FlowerError.self) { try tree.identifiers() }
        }
    }
}
