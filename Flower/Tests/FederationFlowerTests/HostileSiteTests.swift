import Federation
import Foundation
import Synchronization
import Tensor
import Testing

@testable import FederationFlower

/// Three sites of which one is hostile: the round ends, the honest two are averaged, and nobody else is named.
@Suite struct HostileSiteTests {
    private static let exchange = FeatureExchange(dimension: 4, partitions: 4, maximumCount: 5)

    /// Runs a round with time for the hostile site to be late, and returns its report.
    private func round(
        _ flower: FakeFlower, _ clients: [any Client], phase: Duration = .seconds(600), count: Int = 3,
        notices: Notices = Notices()
    ) async throws -> RoundReport {
        try await overFlower(flower, clients) { grid in
            let job = RemoteClient.Job(description: "job", phase: phase, handshake: .seconds(600))
            let sites = try await RemoteClient.all(
                of: grid, count: count, job: job, timeout: .seconds(600), notice: notices.add)
            var federation = Federation(
                clients: sites.map { $0.exchanging(Self.exchange) }, parameters: testModel(), quorum: 2, concurrency: 3,
                exchange: Self.exchange)
            return try await federation.runRound()
        }
    }

    private func sites(_ count: Int = 3) -> [any Client] { (0..<count).map { WalkingClient($0) } }

    @Test func whoSendsItsObjectsSlowlyDelaysNobodyElse() async throws {
        let flower = FakeFlower(nodes: [1, 2, 3])
        let start = ContinuousClock.now
        let report = try await overFlower(flower, sites()) { grid in
            let job = RemoteClient.Job(description: "job", phase: .seconds(20), handshake: .seconds(600))
            let sites = try await RemoteClient.all(of: grid, count: 3, job: job, timeout: .seconds(600))
            await flower.withhold(2)
            var federation = Federation(clients: sites, parameters: testModel(), quorum: 2, concurrency: 3)
            return try await federation.runRound()
        }
        #expect(report.absent.map(\.client) == ["client-2"])
        #expect(report.absent.first?.reason == "the reply of node 2 to 'train' did not come within 20 s")
        #expect(report.participants.map(\.client) == ["client-1", "client-3"])
        // 240 attempts of half a second for each object, before.
        #expect(ContinuousClock.now - start < .seconds(100))
    }

    @Test func aMalformedReplyToTheHandshakeLeavesOutItsSite() async throws {
        let flower = FakeFlower(nodes: [1, 2, 3])
        let notices = Notices()
        await flower.rewrite(2, "query.describe") { message, tree in
            var tree = tree
            tree.objectID = "not an id"
            return (message, tree)
        }
        let report = try await round(flower, sites(), count: 2, notices: notices)
        #expect(report.participants.map(\.client) == ["client-1", "client-3"])
        #expect(report.absent.isEmpty)
        #expect(notices.texts.contains { $0.hasPrefix("node 2 is left out: ") })
    }

    @Test(arguments: [
        "", "a b", "\u{1B}[2J", "e" + String(repeating: "\u{301}", count: 1 << 20), String(repeating: "x", count: 65),
        "../../etc", "Krankenhaus Süd",
    ]) func namesThatAreNoneLeaveOutTheirSite(name: String) async throws {
        let flower = FakeFlower(nodes: [1, 2, 3])
        let notices = Notices()
        let report = try await round(
            flower, [WalkingClient(0), WalkingClient(1, name: name), WalkingClient(2)], count: 2, notices: notices)
        #expect(report.participants.map(\.client) == ["client-1", "client-3"])
        let notice = try #require(notices.texts.first { $0.hasPrefix("node 2 is left out: ") })
        #expect(notice.utf8.count < 1000 && !notice.unicodeScalars.contains("\u{1B}"))
    }

    @Test func twinsGoByTheirNodes() async throws {
        let flower = FakeFlower(nodes: [1, 2, 3])
        let notices = Notices()
        let report = try await round(
            flower, [WalkingClient(0), WalkingClient(1, name: "client-1"), WalkingClient(2)], notices: notices)
        #expect(report.participants.map(\.client) == ["client-3", "node-1", "node-2"])
        #expect(notices.texts.contains { $0.hasPrefix("the nodes 1, 2 all call themselves client-1") })
    }

    @Test func namesThatAreEqualAsNumbersAreTwoNames() async throws {
        let flower = FakeFlower(nodes: [1, 2, 3])
        let names = ["client-1", "client-01", "client-001"]
        let report = try await round(flower, names.enumerated().map { WalkingClient($0.offset, name: $0.element) })
        #expect(report.participants.map(\.client) == ["client-001", "client-01", "client-1"])
    }

    @Test func aTreeOfObjectsWithoutEndIsTheSitesOwnFault() async throws {
        let flower = FakeFlower(nodes: [1, 2, 3])
        await flower.rewrite(3, "train") { message, tree in
            var tree = tree
            let leaf = Flwr_Proto_ObjectTree.with { $0.objectID = String(repeating: "a", count: 64) }
            tree.children = (0..<100_001).map { number in
                var child = leaf
                child.objectID = String(repeating: "0", count: 58) + String(number + 100_000)
                return child
            }
            return (message, tree)
        }
        let report = try await round(flower, sites())
        #expect(report.absent.map(\.client) == ["client-3"])
        #expect(report.absent.first?.reason.contains("more than 100000 objects") == true)
    }

    @Test func aReplyInTheNameOfAnotherNodeIsNotTaken() async throws {
        let flower = FakeFlower(nodes: [1, 2, 3])
        await flower.rewrite(3, "train") { message, tree in
            var message = message
            message.metadata.srcNodeID = 1
            return (message, tree)
        }
        let report = try await round(flower, sites())
        #expect(report.absent.map(\.client) == ["client-3"])
    }

    @Test func moreBytesThanTheModelHasAreNotFetched() async throws {
        let flower = FakeFlower(nodes: [1, 2, 3])
        let report = try await round(
            flower,
            [
                WalkingClient(0), WalkingClient(1),
                WalkingClient(2) { model in
                    var builder = ParameterBuilder(generator: SeededGenerator(seed: 3))
                    _ = builder.add("conv.weight", shape: [8 << 20], initializer: .uniform(bound: 1))
                    model = builder.parameters()
                },
            ])
        #expect(report.absent.map(\.client) == ["client-3"])
        #expect(report.absent.first?.reason.contains("more than 4194") == true)
    }

    @Test func repeatedAndReorderedRepliesCountOnce() async throws {
        let flower = FakeFlower(nodes: [1, 2, 3])
        await flower.repeatReplies()
        let report = try await round(flower, sites())
        #expect(report.participants.map(\.client) == ["client-1", "client-2", "client-3"])
    }

    @Test func anErrorOfTwentyMegabytesIsASentence() async throws {
        let flower = FakeFlower(nodes: [1, 2, 3])
        await flower.rewrite(2, "train") { message, _ in
            var message = message
            message.clearContent()
            message.error = .with { error in
                error.code = 2
                error.reason = "\u{1B}]0;owned\u{7}" + String(repeating: "x", count: 20 << 20)
            }
            // A message with an error of the SuperLink has no objects.
            return (message, Flwr_Proto_ObjectTree.with { $0.objectID = message.metadata.messageID })
        }
        let report = try await round(flower, sites())
        #expect(report.absent.map(\.client) == ["client-2"])
        #expect(report.line.count < 4000)
        #expect(!String(decoding: report.line, as: UTF8.self).contains("\u{1B}"))
    }

    /// Notices for people.
    final class Notices: Sendable {
        private let list = Mutex<[String]>([])

        var texts: [String] { list.withLock { $0 } }

        @Sendable func add(_ text: String) { list.withLock { $0.append(text) } }
    }
}
