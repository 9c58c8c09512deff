import Foundation
import Testing

@testable import FederationFlower

/// The messages of Fixtures/objects.json, which flwr's own classes made.
struct Fixture {
    /// One message as it travels.
    struct Case: Codable {
        let root: String
        let wire, tree: Data
        let ids: [String]
        let objects: [Data]

        /// The objects by id.
        var contents: [String: Data] { Dictionary(uniqueKeysWithValues: zip(ids, objects)) }

        func message() throws -> FlowerMessage {
            try FlowerMessage(
                wire: Flwr_Proto_Message(serializedBytes: wire), tree: Flwr_Proto_ObjectTree(serializedBytes: tree),
                objects: contents)
        }
    }

    /// The file, which `objects.py --check` reads as well.
    struct File: Codable {
        let flwr: String
        let chunkBytes: Int
        let messages: [String: Case]
    }

    static func file() throws -> File {
        let url = try #require(Bundle.module.url(forResource: "Fixtures/objects", withExtension: "json"))
        return try JSONDecoder().decode(File.self, from: Data(contentsOf: url))
    }

    static let one = "\u{E9}"
    static let two = "e\u{301}"
    static let quotes = "a \"quote\", a \\ and a \n"
    static let scalars = "größe\u{7F}\u{1} 𝄞"

    /// What objects.py puts into the message `records`.
    static var records: RecordDict {
        let zeros = NumPyArray([Float](repeating: 0, count: 128), shape: [16, 8])
        return RecordDict([
            ("arrays", .arrays(arrays)),
            ("bank", .arrays(ArrayRecord([("north", zeros)]))),
            ("metrics", .metrics(metrics)),
            ("config", .config(config)),
            ("config again", .config(config)),
            ("nothing", .config(ConfigRecord())),
            (quotes, .metrics(MetricRecord([(quotes, .signed(0))]))),
            (scalars, .metrics(MetricRecord([(scalars, .signed(1))]))),
            (one, .metrics(MetricRecord([(one, .signed(2))]))),
            (two, .metrics(MetricRecord([(two, .signed(3))]))),
        ])
    }

    private static var arrays: ArrayRecord {
        func array<Element: FixedWidthInteger>(_ dtype: NumPyArray.DType, _ values: Element...) -> NumPyArray {
            NumPyArray(dtype: dtype, shape: [values.count], bytes: little(values))
        }
        let doubles = [-0.5, 0, 3.25].map { UInt64(littleEndian: $0.bitPattern) }
        let zeros = NumPyArray([Float](repeating: 0, count: 128), shape: [16, 8])
        return ArrayRecord([
            ("float32", NumPyArray([-0.5, 0, 3.25], shape: [3])),
            ("float64", NumPyArray(dtype: .float64, shape: [3], bytes: little(doubles))),
            ("int8", array(.int8, -1, 0, Int8.max)),
            ("int16", array(.int16, -1, 0, Int16.max)),
            ("int32", array(.int32, -1, 0, Int32.max)),
            ("int64", array(.int64, -1, 0, Int64.max)),
            ("uint8", array(.uint8, 1, 0, UInt8.max)),
            ("uint16", array(.uint16, 1, 0, UInt16.max)),
            ("uint32", array(.uint32, 1, 0, UInt32.max)),
            ("uint64", array(.uint64, 1, 0, UInt64.max)),
            ("bool", NumPyArray(dtype: .bool, shape: [3], bytes: Data([1, 0, 1]))),
            ("scalar", NumPyArray([2.5], shape: [])),
            ("empty", NumPyArray(dtype: .float64, shape: [0, 3], bytes: Data())),
            ("long", NumPyArray((0..<100).map(Float.init), shape: [4, 25])),
            ("zeros", zeros),
            ("zeros again", zeros),
        ])
    }

    /// The bytes of integers, lowest first.
    static func little<Element: FixedWidthInteger>(_ values: [Element]) -> Data {
        Data(
            values.flatMap { value in
                (0..<Element.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
            })
    }

    private static var metrics: MetricRecord {
        MetricRecord([
            ("num-examples", .signed(12)), ("loss", .double(0.25)), ("below", .signed(-3)),
            ("large", .unsigned(1 << 63 + 5)), ("losses", .doubles([0.5, -1.5])), ("counts", .signeds([1, -2])),
            ("large ones", .unsigneds([1 << 63, 1])), ("none", .doubles([])),
        ])
    }

    private static var config: ConfigRecord {
        ConfigRecord([
            ("round", .signed(3)), ("rate", .double(1e-3)), ("large", .unsigned(.max)), ("yes", .bool(true)),
            ("no", .bool(false)), ("text", .string("Zürich")), ("nothing", .string("")),
            ("bytes", .bytes(Data([0, 255, 7]))), ("rates", .doubles([0.1, 0.2])), ("rounds", .signeds([1, -1])),
            ("large ones", .unsigneds([1 << 63])), ("flags", .bools([true, false])),
            ("texts", .strings(["a", "", "𝄞"])), ("many bytes", .bytesList([Data(), Data([0])])),
        ])
    }

    /// The metadata that objects.py gives unless it says otherwise.
    static func metadata(_ id: String, type: String = "query.exchange", group: String = "3") -> FlowerMessage.Metadata {
        FlowerMessage.Metadata(
            runID: 1 << 63 + 1, messageID: id, source: 1, destination: .max, groupID: group, timeToLive: 3600,
            type: type, createdAt: 1_700_000_000.25)
    }
}
