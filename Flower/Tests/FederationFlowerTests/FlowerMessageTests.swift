import Foundation
import Testing

@testable import FederationFlower

/// Against flwr's own classes, by way of Fixtures/objects.py.
struct FlowerMessageTests {
    private let file: Fixture.File

    init() throws {
        file = try Fixture.file()
    }

    private func example(_ name: String) throws -> Fixture.Case { try #require(file.messages[name]) }

    @Test func pythonsRecordsAreRead() throws {
        let example = try example("records")
        let message = try example.message()
        #expect(message.metadata == Fixture.metadata(example.root))
        guard case .records(let records) = message.content else {
            Issue.record("there are no records")
            return
        }
        #expect(records.names == Fixture.records.names)
        for name in Fixture.records.names { #expect(records[name] == Fixture.records[name], "\(name)") }
        #expect(message.content == .records(Fixture.records))
    }

    @Test func anErrorIsRead() throws {
        let example = try example("error")
        var expected = Fixture.metadata(example.root)
        (expected.source, expected.destination) = (.max, 1)
        expected.replyTo = String(repeating: "0", count: 64)
        let message = try example.message()
        #expect(message.metadata == expected)
        #expect(message.content == .error(code: 8, reason: "ClientApp a cessé"))
    }

    @Test func anErrorNeedsNoObjects() throws {
        let example = try example("error")
        let message = try FlowerMessage(
            wire: Flwr_Proto_Message(serializedBytes: example.wire),
            tree: Flwr_Proto_ObjectTree(serializedBytes: example.tree), objects: [:])
        #expect(message == (try example.message()))
    }

    @Test func tasksAreLeftOut() throws {
        let example = try example("tasks")
        let expected = FlowerMessage(metadata: Fixture.metadata(example.root), content: .records(RecordDict()))
        #expect(try example.message() == expected)
    }

    @Test(arguments: ["records", "empty", "error"]) func objectsAreThoseOfPythonBitForBit(name: String) throws {
        let example = try example(name)
        let graph = ObjectGraph(message: try example.message(), chunkBytes: file.chunkBytes)
        #expect(graph.root == example.root)
        #expect(graph.order == example.ids)
        #expect(graph.objects == example.contents)
        #expect(try graph.tree.serializedData() == example.tree)
        #expect(try graph.wire.serializedData() == example.wire)
    }

    @Test func recordsArePresentAndEmptyOnTheWire() throws {
        let metadata = Fixture.metadata("")
        let records = FlowerMessage(metadata: metadata, content: .records(Fixture.records)).wire
        #expect(records.hasContent && !records.hasError)
        #expect(try records.content.serializedData() == Data())
        let error = FlowerMessage(metadata: metadata, content: .error(code: 2, reason: "")).wire
        #expect(error.hasError && !error.hasContent)
    }

    @Test func theTreeOfAnotherMessageIsRefused() throws {
        let (one, other) = try (example("records"), example("empty"))
        #expect(throws: FlowerError.self) {
            try FlowerMessage(
                wire: Flwr_Proto_Message(serializedBytes: one.wire),
                tree: Flwr_Proto_ObjectTree(serializedBytes: other.tree),
                objects: one.contents.merging(other.contents) { first, _ in first })
        }
    }

    @Test(arguments: [Double.nan, .infinity]) func timesAreFinite(time: Double) {
        var metadata = Fixture.metadata("")
        metadata.timeToLive = time
        let graph = ObjectGraph(message: FlowerMessage(metadata: metadata, content: .records(RecordDict())))
        #expect(throws: FlowerError.self) {
            try FlowerMessage(wire: graph.wire, tree: graph.tree, objects: graph.objects)
        }
    }

    /// Writes messages for `objects.py --check`.
    @Test(.enabled(if: ProcessInfo.processInfo.environment["FLOWER_OBJECTS"] != nil))
    func messagesForPython() throws {
        let path = try #require(ProcessInfo.processInfo.environment["FLOWER_OBJECTS"])
        var messages: [String: Fixture.Case] = [:]
        for seed in 0..<100 as Range<UInt64> {
            let graph = ObjectGraph(message: RandomMessage.make(seed: seed), chunkBytes: file.chunkBytes)
            messages["\(seed)"] = Fixture.Case(
                root: graph.root, wire: try graph.wire.serializedData(), tree: try graph.tree.serializedData(),
                ids: graph.order, objects: graph.order.compactMap { graph.objects[$0] })
        }
        let written = Fixture.File(flwr: file.flwr, chunkBytes: file.chunkBytes, messages: messages)
        try JSONEncoder().encode(written).write(to: URL(fileURLWithPath: path))
    }
}
