import Foundation
import Testing

@testable import FederationFlower

struct ObjectGraphTests {
    @Test func randomMessagesAreReadBack() throws {
        for seed in 0..<200 as Range<UInt64> {
            var message = RandomMessage.make(seed: seed)
            let graph = ObjectGraph(message: message, chunkBytes: 1 + Int(seed) * 7 % 300)
            message.metadata.messageID = graph.root
            let decoded = try FlowerMessage(wire: graph.wire, tree: graph.tree, objects: graph.objects)
            #expect(decoded == message, "\(seed)")
            #expect(graph.order.last == graph.root)
            #expect(Set(graph.order) == Set(graph.objects.keys) && graph.order.count == graph.objects.count)
            #expect(try graph.tree.identifiers() == graph.order)
        }
    }

    @Test func childrenComeBeforeParents() throws {
        let graph = ObjectGraph(
            message: FlowerMessage(metadata: Fixture.metadata(""), content: .records(Fixture.records)), chunkBytes: 160)
        var seen: Set<String> = []
        for id in graph.order {
            let object = try FlowerObject(decoding: try #require(graph.objects[id]), id: id)
            #expect(seen.isSuperset(of: object.children))
            seen.insert(id)
        }
    }

    @Test func contentOfTwoMessagesIsShared() {
        let (one, other) = (Fixture.metadata("", group: "1"), Fixture.metadata("", group: "2"))
        let first = ObjectGraph(message: FlowerMessage(metadata: one, content: .records(Fixture.records)))
        let second = ObjectGraph(message: FlowerMessage(metadata: other, content: .records(Fixture.records)))
        #expect(first.root != second.root)
        #expect(Set(first.order).subtracting(second.order) == [first.root])
    }

    @Test(arguments: [(5_242_880 - 128, 1), (5_242_880 - 127, 2)])
    func chunksAreThoseOfFlower(count: Int, chunks: Int) throws {
        let array = NumPyArray(dtype: .int8, shape: [count], bytes: Data(count: count))
        let message = FlowerMessage(
            metadata: Fixture.metadata(""),
            content: .records(RecordDict([("a", .arrays(ArrayRecord([("b", array)])))])))
        let graph = ObjectGraph(message: message)
        #expect(graph.order.count == 4 + chunks)
        let decoded = try FlowerMessage(wire: graph.wire, tree: graph.tree, objects: graph.objects)
        #expect(decoded.content == message.content)
    }
}
