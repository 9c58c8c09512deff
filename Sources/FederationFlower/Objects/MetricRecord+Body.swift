#if Flower
import Foundation
import SwiftProtobuf

/// The record as the body of an object: Protocol Buffers, in the order of the names.
extension MetricRecord {
    var body: Data {
        var record = Flwr_Proto_MetricRecord()
        record.items = zip(names, values.values).map { name, value in
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
            let value: Value
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
            guard values.insert(value, as: item.key) else {
                throw .malformed(what: "a MetricRecord", reason: "\(JSONText.quoted(item.key)) is there twice")
            }
        }
    }
}

extension SwiftProtobuf.Message {
    /// The message as the body of an object.
    ///
    /// - Precondition: it is shorter than 2 GiB; what may be longer belongs into an array.
    var body: Data {
        do { return try serializedData() } catch { preconditionFailure("a record of 2 GiB or more: \(error)") }
    }

    /// Reads the body of an object.
    init(body: Data, of what: String) throws(FlowerError) {
        do { try self.init(serializedBytes: body) } catch {
            throw .malformed(what: what, reason: "it is not in Protocol Buffers: \(error)")
        }
    }
}
#endif
