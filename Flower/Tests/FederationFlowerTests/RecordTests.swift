import Foundation
import Testing

@testable import FederationFlower

/// What the three kinds of records and the dictionary of them tell.
struct RecordTests {
    @Test func anyScalarIsANumber() {
        let metrics = MetricRecord([
            ("double", .double(0.5)), ("signed", .signed(-2)), ("unsigned", .unsigned(1 << 63)),
            ("list", .doubles([1])),
        ])
        #expect(metrics.double("double") == 0.5)
        #expect(metrics.double("signed") == -2)
        #expect(metrics.double("unsigned") == 0x1p63)
        #expect(metrics.double("list") == nil && metrics.double("other") == nil)
        #expect(metrics.integer("signed") == -2)
        #expect(metrics.integer("unsigned") == nil && metrics.integer("double") == nil)
    }

    @Test func settingsAreReadByKind() {
        let config = ConfigRecord([
            ("text", .string("a")), ("yes", .bool(true)), ("three", .signed(3)), ("four", .unsigned(4)),
            ("half", .double(0.5)),
        ])
        #expect(config.string("text") == "a" && config.string("yes") == nil)
        #expect(config.bool("yes") == true && config.bool("three") == nil)
        #expect(config.integer("three") == 3 && config.integer("four") == 4 && config.integer("half") == nil)
        #expect(config.double("half") == 0.5 && config.double("three") == 3 && config.double("four") == 4)
        #expect(config.double("text") == nil)
    }

    @Test func recordsAreReadByKind() {
        let (arrays, metrics) = (ArrayRecord([("0", NumPyArray([1], shape: []))]), MetricRecord([("a", .signed(1))]))
        var records = RecordDict([("arrays", .arrays(arrays)), ("metrics", .metrics(metrics))])
        records["config"] = .config(ConfigRecord())
        #expect(records.names == ["arrays", "metrics", "config"])
        #expect(records.arrays("arrays") == arrays && records.arrays("metrics") == nil)
        #expect(records.metrics("metrics") == metrics && records.metrics("config") == nil)
        #expect(records.config("config") == ConfigRecord() && records.config("arrays") == nil)
    }

    @Test func aValueOfAnUnknownKindIsRefused() throws {
        // One item with the key "a" whose value has field 63, varint 1.
        let body = Data([0x0A, 0x08, 0x0A, 0x01, 0x61, 0x12, 0x03, 0xF8, 0x03, 0x01])
        #expect(throws: FlowerError.self) { try MetricRecord(body: body) }
        #expect(throws: FlowerError.self) { try ConfigRecord(body: body) }
    }

    @Test func aNameThatIsThereTwiceIsRefused() throws {
        let metrics = MetricRecord([("a", .signed(1))]).body
        #expect(throws: FlowerError.malformed(what: "a MetricRecord", reason: "\"a\" is there twice")) {
            try MetricRecord(body: metrics + metrics)
        }
        #expect(throws: FlowerError.malformed(what: "a ConfigRecord", reason: "\"a\" is there twice")) {
            try ConfigRecord(body: metrics + metrics)
        }
    }
}
