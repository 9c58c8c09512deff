import Federation
import Foundation
import Tensor
import Testing

struct FeatureShareTests {
    private let exchange = FeatureExchange(dimension: 4, partitions: 4, maximumCount: 8)

    private func share(_ rows: [[Float]], _ partitions: [UInt8]) throws(Rejection) -> FeatureShare {
        try FeatureShare(
            normalizing: Tensor(rows.flatMap { $0 }, shape: [rows.count, 4]), partitions: partitions, client: "north",
            round: 1)
    }

    @Test func everyFeatureLeavesWithLengthOne() throws {
        let share = try share(
            [[3, 0, 4, 0], [1e38, 1e38, 1e38, 1e38], [.leastNonzeroMagnitude, 0, 0, 0], [-1, 1, -1, 1]], [0, 1, 2, 3])
        for row in 0..<share.count { #expect(abs(share.vectors.rows(row..<row + 1).norm - 1) < 1e-6) }
        #expect(share.vectors.rows(0..<1).elements == [0.6, 0, 0.8, 0])
        #expect((share.count, share.dimension) == (4, 4))
    }

    @Test func normalizingTwiceChangesNoBit() throws {
        let once = try randomShare(2000, dimension: 2, client: "north", round: 1)
        let twice = try FeatureShare(normalizing: once.vectors, partitions: once.partitions, client: "north", round: 1)
        #expect(once == twice)
    }

    @Test func whatCannotBeNormalizedIsRefused() {
        #expect(throws: Rejection.notUnitNorm(client: "north", row: 1, norm: 0)) {
            try share([[1, 0, 0, 0], [0, 0, 0, 0]], [0, 1])
        }
        #expect(throws: Rejection.featureNotFinite(client: "north", row: 0)) { try share([[.nan, 0, 0, 1]], [0]) }
        #expect(throws: Rejection.featureNotFinite(client: "north", row: 0)) { try share([[0, .infinity, 0, 1]], [0]) }
        #expect(throws: Rejection.tagCount(client: "north", features: 1, tags: 2)) {
            try share([[0, 1, 0, 1]], [0, 1])
        }
    }

    @Test func bytesAreVectorsThenTags() throws {
        let share = try share([[3, 0, 4, 0], [0, 0, 0, -2]], [1, 3])
        let payload = Payload(share)
        #expect(payload.bytes.count == 2 * 4 * 4 + 2)
        #expect(payload.bytes.prefix(4).elementsEqual([0x9A, 0x99, 0x19, 0x3F]), "0.6 in little-endian float32")
        #expect(payload.bytes.suffix(2).elementsEqual([1, 3]))
        let decoded = try FeatureShare(decoding: payload, client: "north", round: 1, expecting: exchange)
        #expect(decoded == share)
    }

    @Test func decodingChecks() throws {
        func decode(_ bytes: Data) throws(Rejection) -> FeatureShare {
            try FeatureShare(decoding: Payload(bytes: bytes), client: "north", round: 1, expecting: exchange)
        }
        func bytes(_ row: [Float]) -> Data { row.withUnsafeBytes { Data($0) } + [0] }
        #expect(throws: Rejection.partialFeature(client: "north", bytes: 16, bytesEach: 17)) {
            try decode(Data(count: 16))
        }
        #expect(throws: Rejection.featureCount(client: "north", found: 9, limit: 8)) {
            try decode(Data(count: 9 * 17))
        }
        #expect(throws: Rejection.notUnitNorm(client: "north", row: 0, norm: 0)) { try decode(Data(count: 17)) }
        #expect(throws: Rejection.notUnitNorm(client: "north", row: 0, norm: 2)) { try decode(bytes([0, 2, 0, 0])) }
        #expect(throws: Rejection.featureNotFinite(client: "north", row: 0)) { try decode(bytes([0, .nan, 0, 0])) }
        #expect(throws: Rejection.featureNotFinite(client: "north", row: 0)) {
            try decode(bytes([0, .infinity, 0, 0]))
        }
        // Half-precision transports round features: that much is tolerated.
        #expect(try decode(bytes([0, 1.00005, 0, 0])).count == 1)
    }

    @Test func noBytesTrap() throws {
        var generator = SeededGenerator(seed: 2)
        let valid = Payload(try randomShare(3, client: "north", round: 1)).bytes
        for length in 0...valid.count + 20 {
            var bytes = valid.prefix(length) + Data(repeating: 7, count: max(0, length - valid.count))
            if length > 0 { bytes[generator.integer(below: length)] ^= UInt8(1 + generator.integer(below: 255)) }
            // A slice that begins at an odd address.
            let shifted = (Data([0]) + bytes).dropFirst()
            _ = try? FeatureShare(
                decoding: Payload(bytes: shifted), client: "north", round: 1, expecting: exchange)
        }
    }
}
