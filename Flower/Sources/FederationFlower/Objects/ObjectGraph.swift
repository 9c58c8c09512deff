import Foundation

/// A message encoded as a graph of objects.
///
/// Message → RecordDict → ArrayRecord, MetricRecord, and ConfigRecord; ArrayRecord → Array → ArrayChunk, a piece of the
/// array's file. Content shared by arrays, records, or messages is one object.
package struct ObjectGraph: Sendable {
    /// The maximum size of a chunk in bytes, as in Flower.
    package static let chunkBytes = 5_242_880
    /// The default limit for the total size in bytes of the arrays in a received message: 2 GiB.
    ///
    /// An array may be longer than its objects, as equal chunks are one object.
    package static let maximumBytes = 1 << 31

    /// The encoded objects by id.
    package private(set) var objects: [String: Data] = [:]
    /// The ids in order, children before parents.
    package private(set) var order: [String] = []
    /// The ids as a tree in Flower's form: a child of two parents occurs in both.
    package let tree: Flwr_Proto_ObjectTree
    /// The message, with its id, as it appears in a list of messages.
    package let wire: Flwr_Proto_Message

    /// The id of the message's object, which is the id of the message.
    package var root: String { tree.objectID }

    /// Creates the objects of a message.
    ///
    /// - Precondition: Every record of metrics or settings is shorter than 2 GiB.
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

        /// Adds an object with the given children, deduplicated in the order of their first occurrence.
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
            // Equal chunks are one child; the body holds the index of the child for each chunk.
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
    /// Returns the ids in a received tree in the order in which to pull them: each once, children before parents.
    ///
    /// - Throws: `FlowerError.malformed` if an id is invalid, or if the tree is deeper than a message.
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
