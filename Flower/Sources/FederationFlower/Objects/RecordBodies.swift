import Foundation
import SwiftProtobuf

/// The encoding of the record as the body of an object: Protocol Buffers, in the order of the names.
extension Record<ConfigValue> {
    var body: Data {
        var record = Flwr_Proto_ConfigRecord()
        record.items = zip(names, values).map { name, value in
            var item = Flwr_Proto_ConfigRecord.Item()
            item.key = name
            switch value {
            case .double(let value): item.value.double = value
            case .signed(let value): item.value.sint64 = value
            case .unsigned(let value): item.value.uint64 = value
            case .bool(let value): item.value.bool = value
            case .string(let value): item.value.string = value
            case .bytes(let value): item.value.bytes = value
            case .doubles(let values): item.value.doubleList.vals = values
            case .signeds(let values): item.value.sintList.vals = values
            case .unsigneds(let values): item.value.uintList.vals = values
            case .bools(let values): item.value.boolList.vals = values
            case .strings(let values): item.value.stringList.vals = values
            case .bytesList(let values): item.value.bytesList.vals = values
            }
            return item
        }
        return record.body
    }

    init(body: Data) throws(FlowerError) {
        let record = try Flwr_Proto_ConfigRecord(body: body, of: "a ConfigRecord")
        self.init()
        for item in record.items {
            let value: ConfigValue
            switch item.value.value {
            case .double(let number): value = .double(number)
            case .sint64(let number): value = .signed(number)
            case .uint64(let number): value = .unsigned(number)
            case .bool(let truth): value = .bool(truth)
            case .string(let text): value = .string(text)
            case .bytes(let bytes): value = .bytes(bytes)
            case .doubleList(let list): value = .doubles(list.vals)
            case .sintList(let list): value = .signeds(list.vals)
            case .uintList(let list): value = .unsigneds(list.vals)
            case .boolList(let list): value = .bools(list.vals)
            case .stringList(let list): value = .strings(list.vals)
            case .bytesList(let list): value = .bytesList(list.vals)
            case nil:
                throw .malformed(
                    what: "a ConfigRecord", reason: "\(JSONText.quoted(item.key)) has no value of a known kind")
            }
            guard entries.insert(value, as: item.key) else {
                throw .malformed(what: "a ConfigRecord", reason: "\(JSONText.quoted(item.key)) is there twice")
            }
        }
    }
}

/// The encoding of the record as the body of an object: Protocol Buffers, in the order of the names.
extension Record<MetricValue> {
    var body: Data {
        var record = Flwr_Proto_MetricRecord()
        record.items = zip(names, values).map { name, value in
            var item = Flwr_Proto_MetricRecord.Item()
            item.key = name
            switch value {
            case .double(let value): item.value.double = value
            case .signed(let value): item.value.sint64 = value
            case .unsigned(let value): item.value.uint64 = value
            case .doubles(let values): item.value.doubleList.vals = values
            case .signeds(let values): item.value.sintList.vals = values
            case .unsigneds(let values): item.value.uintList.vals = values
            }
            return item
        }
        return record.body
    }

    init(body: Data) throws(FlowerError) {
        let record = try Flwr_Proto_MetricRecord(body: body, of: "a MetricRecord")
        self.init()
        for item in record.items {
            let value: MetricValue
            switch item.value.value {
            case .double(let number): value = .double(number)
            case .sint64(let number): value = .signed(number)
            case .uint64(let number): value = .unsigned(number)
            case .doubleList(let list): value = .doubles(list.vals)
            case .sintList(let list): value = .signeds(list.vals)
            case .uintList(let list): value = .unsigneds(list.vals)
            case nil:
                throw .malformed(
                    what: "a MetricRecord", reason: "\(JSONText.quoted(item.key)) has no value of a known kind")
            }
            guard entries.insert(value, as: item.key) else {
                throw .malformed(what: "a MetricRecord", reason: "\(JSONText.quoted(item.key)) is there twice")
            }
        }
    }
}

extension SwiftProtobuf.Message {
    /// The message as the body of an object.
    ///
    /// - Precondition: The body is shorter than 2 GiB; larger data belongs in an array.
    var body: Data {
        do { return try serializedData() } catch { preconditionFailure("a record of 2 GiB or more: \(error)") }
    }

    /// Decodes the body of an object.
    init(body: Data, of what: String) throws(FlowerError) {
        do { try self.init(serializedBytes: body) } catch {
            throw .malformed(what: what, reason: "it is not in Protocol Buffers: \(error)")
        }
    }
}
