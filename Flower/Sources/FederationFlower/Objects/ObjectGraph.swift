import Foundation

/// A message as the objects that it travels as.
///
/// Message → RecordDict → ArrayRecord, MetricRecord and ConfigRecord; ArrayRecord → Array → ArrayChunk, which are
/// pieces of the array's file. What two arrays, records or messages have in common is one object.
package struct ObjectGraph: Sendable {
    /// The longest chunk, in bytes, as in Flower.
    package static let chunkBytes = 5_242_880
    /// The most bytes that the arrays of a received message may have together if nothing else is said: 2 GiB. An array
    /// may be longer than its objects, as equal chunks are one object.
    package static let maximumBytes = 1 << 31

    /// The encoded objects by id.
    package private(set) var objects: [String: Data] = [:]
    /// The ids, children before parents.
    package private(set) var order: [String] = []
    /// The ids as Flower nests them: a child of two parents is in both.
    package let tree: Flwr_Proto_ObjectTree
    /// The message in a list of messages, with its id.
    package let wire: Flwr_Proto_Message

    /// The id of the message's object, which is the id of the message.
    package var root: String { tree.objectID }

    /// The objects of a message.
    ///
    /// - Precondition: no record of metrics or settings has 2 GiB.
    package init(message: FlowerMessage, chunkBytes: Int = Self.chunkBytes) {
        var encoder = Encoder(chunkBytes: chunkBytes)
        let tree = encoder.encode(message)
        var wire = message.wire
        wire.metadata.messageID = tree.objectID
        (objects, order, self.tree, self.wire) = (encoder.objects, encoder.order, tree, wire)
    }

    private struct Encoder {
        let chunkBytes: Int
        var objects: [String: Data] = [:]
        var order: [String] = []

        /// Keeps the object with these children, which are in the order of their first mention.
        mutating func add(
            _ type: String, _ children: [Flwr_Proto_ObjectTree], _ body: Data
        ) -> Flwr_Proto_ObjectTree {
            var tree = Flwr_Proto_ObjectTree()
            var seen: Set<String> = []
            tree.children = children.filter { seen.insert($0.objectID).inserted }
            let encoded = FlowerObject(type: type, children: tree.children.map(\.objectID), body: body).encoded
            tree.objectID = FlowerObject.id(of: encoded)
            if objects.updateValue(encoded, forKey: tree.objectID) == nil { order.append(tree.objectID) }
            return tree
        }

        mutating func encode(_ message: FlowerMessage) -> Flwr_Proto_ObjectTree {
            var children: [Flwr_Proto_ObjectTree] = []
            if case .records(let records) = message.content { children = [encode(records)] }
            return add("Message", children, message.body)
        }

        mutating func encode(_ dictionary: RecordDict) -> Flwr_Proto_ObjectTree {
            let records = dictionary.records.values.map { record in
                switch record {
                case .arrays(let record): encode(record)
                case .metrics(let record): add("MetricRecord", [], record.body)
                case .config(let record): add("ConfigRecord", [], record.body)
                }
            }
            return add("RecordDict", records, references(dictionary.names, records))
        }

        mutating func encode(_ record: ArrayRecord) -> Flwr_Proto_ObjectTree {
            let arrays = record.values.map { encode($0) }
            return add("ArrayRecord", arrays, references(record.names, arrays))
        }

        mutating func encode(_ array: NumPyArray) -> Flwr_Proto_ObjectTree {
            let file = array.npy
            let chunks = stride(from: 0, to: file.count, by: chunkBytes).map { start in
                add("ArrayChunk", [], file[start..<min(start + chunkBytes, file.count)])
            }
            // Equal chunks are one child; the body says where it stands.
            var positions: [String: Int] = [:]
            let indices = chunks.map { chunk in
                if let position = positions[chunk.objectID] { return position }
                positions[chunk.objectID] = positions.count
                return positions.count - 1
            }
            let body =
                "{\"dtype\": \"\(array.dtype.rawValue)\", \"shape\": \(JSONText.array(array.shape)), "
                + "\"stype\": \"numpy.ndarray\", \"arraychunk_ids\": \(JSONText.array(indices))}"
            return add("Array", chunks, Data(body.utf8))
        }

        private func references(_ names: [String], _ trees: [Flwr_Proto_ObjectTree]) -> Data {
            Data(JSONText.object(zip(names, trees.map(\.objectID))).utf8)
        }
    }
}

extension Flwr_Proto_ObjectTree {
    /// The ids in a tree that was received, each once, children before parents: the order in which to ask for them.
    ///
    /// - Throws: `FlowerError.malformed` if one is not an id, or if the tree is deeper than a message is.
    package func identifiers() throws(FlowerError) -> [String] {
        var (order, seen): ([String], Set<String>) = ([], [])
        try visit(depth: 1, &order, &seen)
        return order
    }

    private func visit(depth: Int, _ order: inout [String], _ seen: inout Set<String>) throws(FlowerError) {
        // Message, RecordDict, ArrayRecord, Array, ArrayChunk.
        guard depth <= 5 else { throw .malformed(what: "a tree of objects", reason: "it is deeper than a message") }
        guard FlowerObject.isID(objectID) else {
            throw .malformed(
                what: "a tree of objects", reason: "\(JSONText.quoted(String(objectID.prefix(80)))) is not an id")
        }
        for child in children { try child.visit(depth: depth + 1, &order, &seen) }
        if seen.insert(objectID).inserted { order.append(objectID) }
    }
}
