import Features
import Tensor
import Testing

struct FeatureSetTests {
    private func normalized(_ rows: [[Float]], _ partitions: [UInt8]) throws(FeatureError) -> FeatureSet {
        try FeatureSet(
            normalizing: Tensor(rows.flatMap { $0 }, shape: [rows.count, 4]), partitions: partitions)
    }

    private func received(_ row: [Float]) throws(FeatureError) -> FeatureSet {
        try FeatureSet(validating: Tensor(row, shape: [1, 4]), partitions: [0])
    }

    private func random(_ count: Int, dimension: Int) throws -> FeatureSet {
        var generator = SeededGenerator(seed: 1)
        let values = (0..<count * dimension).map { _ in generator.normal() }
        return try FeatureSet(
            normalizing: Tensor(values, shape: [count, dimension]), partitions: (0..<count).map { UInt8($0 % 4) })
    }

    @Test func everyFeatureHasLengthOne() throws {
        let set = try normalized(
            [[3, 0, 4, 0], [1e38, 1e38, 1e38, 1e38], [.leastNonzeroMagnitude, 0, 0, 0], [-1, 1, -1, 1]], [0, 1, 2, 3])
        for length in set.vectors.rowNorms() { #expect(abs(length - 1) < 1e-6) }
        #expect(set.vectors.rows(0..<1).elements == [0.6, 0, 0.8, 0])
        #expect((set.count, set.dimension) == (4, 4))
        #expect(set.byteCount == 4 * (4 * 4 + 1), "float32 vectors and a tag of one byte")
    }

    @Test func normalizingTwiceIsAcceptedEverywhere() throws {
        let once = try random(2000, dimension: 2)
        let twice = try FeatureSet(normalizing: once.vectors, partitions: once.partitions)
        for (a, b) in zip(once.vectors.elements, twice.vectors.elements) { #expect(abs(a - b) <= 1.2e-7) }
        #expect(try FeatureSet(validating: once.vectors, partitions: once.partitions) == once)
    }

    @Test func whatCannotBeNormalizedIsRefused() {
        #expect(throws: FeatureError.notUnitLength(row: 1, length: 0)) {
            try normalized([[1, 0, 0, 0], [0, 0, 0, 0]], [0, 1])
        }
        #expect(throws: FeatureError.notFinite(row: 0)) { try normalized([[.nan, 0, 0, 1]], [0]) }
        #expect(throws: FeatureError.notFinite(row: 0)) { try normalized([[0, .infinity, 0, 1]], [0]) }
        #expect(throws: FeatureError.tagCount(features: 1, tags: 2)) { try normalized([[0, 1, 0, 1]], [0, 1]) }
    }

    @Test func whatIsReceivedHasLengthOneAlready() throws {
        #expect(throws: FeatureError.notUnitLength(row: 0, length: 0)) { try received([0, 0, 0, 0]) }
        #expect(throws: FeatureError.notUnitLength(row: 0, length: 2)) { try received([0, 2, 0, 0]) }
        #expect(throws: FeatureError.notFinite(row: 0)) { try received([0, .nan, 0, 0]) }
        #expect(throws: FeatureError.notFinite(row: 0)) { try received([0, -.infinity, 0, 0]) }
        #expect(throws: FeatureError.notUnitLength(row: 0, length: 3.4028234663852886e38)) {
            try received([0, .greatestFiniteMagnitude, 0, 0])
        }
        #expect(throws: FeatureError.tagCount(features: 1, tags: 0)) {
            try FeatureSet(validating: Tensor([0, 1], shape: [1, 2]), partitions: [])
        }
        // Half-precision transports round features: that much is tolerated.
        #expect(try received([0, 1.00005, 0, 0]).count == 1)
    }

    @Test func partsAndUnionsKeepVectorsAndTagsTogether() throws {
        let set = try random(9, dimension: 3)
        #expect(FeatureSet(joining: [set[0..<4], set[4..<4], set[4..<9]]) == set)
        let chosen = set[[7, 2]]
        #expect(chosen.partitions == [3, 2])
        #expect(chosen.vectors.rows(0..<1) == set.vectors.rows(7..<8))
        #expect(FeatureSet(dimension: 3).count == 0)
    }
}
