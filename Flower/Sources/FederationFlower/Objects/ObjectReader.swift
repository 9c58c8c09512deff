import Foundation
import Tensor

/// A decoder of messages from their objects.
///
/// The objects are untrusted: each is validated against its id, its type, and the objects that refer to it. A message
/// is at most five objects deep, as each type has children of one kind. Nothing is decoded twice, and memory is
/// allocated only after the chunks that fill it have been found.
struct ObjectReader {
    let objects: [String: Data]
    /// The number of bytes that further arrays may have.
    private var remaining: Int
    private let maximumBytes: Int
    private var chunks: [String: Data] = [:]
    private var arrays: [String: NumPyArray] = [:]
    private var records: [String: RecordDict.Record] = [:]

    init(objects: [String: Data], maximumBytes: Int) {
        (self.objects, self.maximumBytes, remaining) = (objects, maximumBytes, maximumBytes)
    }

    /// Decodes the message with the given id.
    consuming func message(_ id: String) throws(FlowerError) -> FlowerMessage {
        let object = try object(id, ["Message"])
        let message = try Flwr_Proto_Message(body: object.body, of: FlowerObject.name(id))
        let metadata = try FlowerMessage.Metadata(message.metadata, id: id)
        guard object.children.count == (message.hasError ? 0 : 1) else {
            throw .malformed(
                what: FlowerObject.name(id),
                reason: "it has \(object.children.count) children, and \(message.hasError ? "an" : "no") error")
        }
        if message.hasError {
            let content = FlowerMessage.Content.error(code: Int(message.error.code), reason: message.error.reason)
            return FlowerMessage(metadata: metadata, content: content)
        }
        return FlowerMessage(metadata: metadata, content: .records(try dictionary(object.children[0])))
    }

    mutating func dictionary(_ id: String) throws(FlowerError) -> RecordDict {
        var dictionary = RecordDict()
        for (name, child) in try references(try object(id, ["RecordDict"]), id) {
            dictionary[name] = try record(child)
        }
        return dictionary
    }

    private mutating func record(_ id: String) throws(FlowerError) -> RecordDict.Record {
        if let record = records[id] { return record }
        let object = try object(id, ["ArrayRecord", "MetricRecord", "ConfigRecord"])
        let record: RecordDict.Record
        if object.type == "ArrayRecord" {
            var arrays = ArrayRecord()
            for (name, child) in try references(object, id) { arrays[name] = try array(child) }
            record = .arrays(arrays)
        } else {
            guard object.children.isEmpty else {
                throw .malformed(what: FlowerObject.name(id), reason: "a \(object.type) has no children")
            }
            record =
                object.type == "MetricRecord"
                ? .metrics(try MetricRecord(body: object.body)) : .config(try ConfigRecord(body: object.body))
        }
        records[id] = record
        return record
    }

    private mutating func array(_ id: String) throws(FlowerError) -> NumPyArray {
        if let array = arrays[id] { return array }
        let object = try object(id, ["Array"])
        let description = try ArrayDescription(object, id)
        var chunks: [Data] = []
        for child in object.children { chunks.append(try chunk(child)) }
        var count = 0
        for index in description.chunks {
            guard chunks[index].count <= remaining else {
                throw .malformed(
                    what: FlowerObject.name(id), reason: "the message's arrays have more than \(maximumBytes) bytes")
            }
            remaining -= chunks[index].count
            count += chunks[index].count
        }
        var file = Data(capacity: count)
        for index in description.chunks { file += chunks[index] }
        let array = try NumPyArray(npy: file)
        guard array.dtype.rawValue == description.dtype, array.shape == description.shape else {
            throw .malformed(
                what: FlowerObject.name(id),
                reason: "it says \(JSONText.quoted(description.dtype)) \(description.shape), and its chunks are "
                    + "\(array.dtype.rawValue) \(array.shape)")
        }
        arrays[id] = array
        return array
    }

    private mutating func chunk(_ id: String) throws(FlowerError) -> Data {
        if let chunk = chunks[id] { return chunk }
        let object = try object(id, ["ArrayChunk"])
        guard object.children.isEmpty else {
            throw .malformed(what: FlowerObject.name(id), reason: "an ArrayChunk has no children")
        }
        chunks[id] = object.body
        return object.body
    }

    private func object(_ id: String, _ types: [String]) throws(FlowerError) -> FlowerObject {
        guard let encoded = objects[id] else { throw .malformed(what: FlowerObject.name(id), reason: "it is missing") }
        let object = try FlowerObject(decoding: encoded, id: id)
        guard types.contains(object.type) else {
            throw .malformed(
                what: FlowerObject.name(id),
                reason: "its type is \(JSONText.quoted(String(object.type.prefix(20)))) and should be "
                    + types.joined(separator: " or "))
        }
        return object
    }

    /// Returns the children by name; the names must refer to all children, and to nothing else.
    private func references(_ object: FlowerObject, _ id: String) throws(FlowerError) -> [(String, String)] {
        var ids = NamedValues<String>()
        let children = Set(object.children)
        try JSONText.read(object.body, of: FlowerObject.name(id)) { scanner, name throws(FlowerError) in
            let child = try scanner.string()
            guard children.contains(child) else { throw .expected("the id of a child", found: child, in: id) }
            guard ids.insert(child, as: name) else { throw .expected("each name once", found: name, in: id) }
        }
        guard Set(ids.values).count == children.count else {
            throw .malformed(what: FlowerObject.name(id), reason: "it does not name all of its children")
        }
        return Array(zip(ids.names, ids.values))
    }
}

/// The body of an Array: its type and shape, and the chunks of its file.
private struct ArrayDescription {
    let dtype: String
    let shape: [Int]
    /// The index of the child for each chunk.
    let chunks: [Int]

    init(_ object: FlowerObject, _ id: String) throws(FlowerError) {
        var (dtype, stype): (String?, String?)
        var (shape, chunks): ([Int]?, [Int]?)
        try JSONText.read(object.body, of: FlowerObject.name(id)) { scanner, field throws(FlowerError) in
            switch field {
            case "dtype" where dtype == nil: dtype = try scanner.string()
            case "stype" where stype == nil: stype = try scanner.string()
            case "shape" where shape == nil: shape = try scanner.integers(atMost: NumPyArray.maximumRank)
            case "arraychunk_ids" where chunks == nil: chunks = try scanner.integers(atMost: .max)
            default: throw .expected("dtype, shape, stype, and arraychunk_ids, once each", found: field, in: id)
            }
        }
        guard let dtype, let shape, let stype, let chunks else {
            throw .malformed(
                what: FlowerObject.name(id), reason: "it lacks one of dtype, shape, stype and arraychunk_ids")
        }
        guard stype == "numpy.ndarray" else {
            throw .malformed(
                what: FlowerObject.name(id),
                reason: "it was written by \(JSONText.quoted(String(stype.prefix(40)))), and only numpy.ndarray is read"
            )
        }
        guard Set(chunks) == Set(object.children.indices) else {
            throw .malformed(
                what: FlowerObject.name(id),
                reason: "its chunks are not its \(object.children.count) children")
        }
        (self.dtype, self.shape, self.chunks) = (dtype, shape, chunks)
    }
}

extension FlowerError {
    /// Returns the error for an unexpected string in an object.
    fileprivate static func expected(_ expected: String, found: String, in id: String) -> FlowerError {
        .malformed(
            what: FlowerObject.name(id),
            reason: "expected \(expected), found \(JSONText.quoted(String(found.prefix(80))))")
    }
}
