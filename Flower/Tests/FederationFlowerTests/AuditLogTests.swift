import Foundation
import Testing

@testable import FederationFlower

/// The log of messages, which shows every change.
@Suite final class AuditLogTests {
    private let url = FileManager.default.temporaryDirectory.appendingPathComponent("audit-\(UUID().uuidString)")

    deinit { try? FileManager.default.removeItem(at: url) }

    private func entry(_ round: Int, _ direction: AuditLog.Entry.Direction = .sent) -> AuditLog.Entry {
        var entry = AuditLog.Entry(direction)
        (entry.type, entry.bytes, entry.run, entry.round) = ("train", 1000 + round, .max, round)
        entry.sha256 = String(repeating: "ab", count: 32)
        return entry
    }

    private func write(_ count: Int) throws -> Data {
        let log = try AuditLog(url)
        for round in 1...count { try log.add(entry(round)) }
        return try Data(contentsOf: url)
    }

    @Test func everyFlippedBitIsFound() throws {
        let contents = try write(3)
        #expect(AuditLog.verify(contents).lines == 3 && AuditLog.verify(contents).brokenLine == nil)
        for position in contents.indices {
            for bit in [0, 3, 7] {
                var changed = contents
                changed[position] ^= 1 << UInt8(bit)
                #expect(AuditLog.verify(changed).brokenLine != nil, "byte \(position), bit \(bit)")
            }
        }
    }

    @Test func removedInsertedAndExchangedLinesAreFound() throws {
        let lines = try write(4).split(separator: 0x0A).map { Data($0) + [0x0A] }
        let broken: [([Data], Int)] = [
            ([lines[0], lines[2], lines[3]], 2), ([lines[1], lines[2]], 1), ([lines[0], lines[0], lines[1]], 2),
            ([lines[0], lines[2], lines[1], lines[3]], 2), ([lines[0], Data("\n".utf8), lines[1]], 2),
        ]
        for (changed, line) in broken { #expect(AuditLog.verify(changed.reduce(Data(), +)).brokenLine == line) }
        // The end can be cut off unseen; its chain, noted elsewhere, would tell.
        #expect(AuditLog.verify(lines[0] + lines[1]) != AuditLog.verify(lines.reduce(Data(), +)))
    }

    @Test func aLogGoesOnWhereItEnded() throws {
        _ = try write(2)
        // A process was killed in the middle of a line.
        let file = try FileHandle(forWritingTo: url)
        try file.seekToEnd()
        try file.write(contentsOf: Data("{\"time\":\"2".utf8))
        try file.close()
        let log = try AuditLog(url)
        var refusal = entry(3).refused(because: "a\u{1B}[2J\n\"quoted\"" + String(repeating: "x", count: 1 << 20))
        refusal.type = "query.\n"
        try log.add(refusal)
        let contents = try Data(contentsOf: url)
        #expect(AuditLog.verify(contents).lines == 3 && AuditLog.verify(contents).brokenLine == nil)
        for line in contents.split(separator: 0x0A) {
            #expect(try JSONSerialization.jsonObject(with: Data(line)) is [String: Any] && line.count < 1500)
        }
        let mode = try FileManager.default.attributesOfItem(atPath: url.path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
    }

    @Test func aChangedLogIsNotContinued() throws {
        var contents = try write(2)
        contents[20] ^= 1
        try contents.write(to: url)
        let error = #expect(throws: FlowerError.self) { try AuditLog(self.url) }
        #expect(error?.description.contains("line 1 does not continue the chain") == true)
        #expect(try Data(contentsOf: url) == contents)
    }

    /// What came and what left, in the order in which it did, with what Flower calls it.
    @Test func everyMessageHasALine() async throws {
        let flower = FakeFlower(nodes: [1])
        let log = try AuditLog(url)
        try await overFlower(flower, [WalkingClient(0)], audit: log) { grid in
            _ = try await grid.ask(1, MessageType.describe.rawValue, RecordDict([]), timeout: .seconds(3600))
            await #expect(throws: FlowerError.self) {
                _ = try await grid.ask(1, "train", RecordDict([]), timeout: .seconds(3600))
            }
        }
        let lines = try Data(contentsOf: url).split(separator: 0x0A).map {
            try #require(try JSONSerialization.jsonObject(with: Data($0)) as? [String: Any])
        }
        #expect(lines.map { $0["direction"] as? String } == ["received", "sent", "received", "refused"])
        #expect(lines.map { $0["type"] as? String } == ["query.describe", "query.describe", "train", "train"])
        #expect(lines.allSatisfy { ($0["bytes"] as? Int ?? 0) > 0 && ($0["sha256"] as? String)?.count == 64 })
        #expect((lines[3]["reason"] as? String)?.contains("no model") == true)
    }

    /// On a full disk, nothing leaves that cannot be logged.
    @Test func whatCannotBeLoggedDoesNotLeave() async throws {
        struct Full: Error {}
        let flower = FakeFlower(nodes: [1])
        let log = try AuditLog(url) { throw Full() }
        try await overFlower(flower, [WalkingClient(0)], audit: log) { grid in
            await #expect {
                _ = try await grid.ask(1, MessageType.parameters.rawValue, RecordDict([]), timeout: .seconds(3600))
            } throws: { error in
                guard case .site(_, _, let reason) = error as? FlowerError else { return false }
                return reason == "the site cannot write its audit log"
            }
        }
        #expect(await flower.objects.values.allSatisfy { !$0.starts(with: Data("ArrayChunk".utf8)) })
    }

    @Test func onlyARegularFileIsALog() throws {
        for path in ["/dev/zero", "/dev/null", "/tmp"] {
            #expect(throws: FlowerError.self) { try AuditLog(URL(fileURLWithPath: path)) }
        }
    }
}
