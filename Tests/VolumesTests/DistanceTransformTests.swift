import Tensor
import Testing

@testable import Volumes

@Suite struct DistanceTransformTests {
    /// The smallest of the distances to all members, in pairs.
    private func oracle(_ members: [Bool], _ extent: Volume.Extent, _ spacing: Volume.Spacing) -> [Double] {
        func position(_ place: Int) -> SIMD3<Double> {
            SIMD3(
                Double(place % extent.x) * spacing.x, Double(place / extent.x % extent.y) * spacing.y,
                Double(place / (extent.x * extent.y)) * spacing.slice)
        }
        return members.indices.map { place in
            members.indices.filter { members[$0] }.map { member in
                let difference = position(place) - position(member)
                return (difference * difference).sum()
            }.min() ?? .infinity
        }
    }

    private static let geometries: [(Volume.Extent, Volume.Spacing)] = [
        (.init(x: 9, y: 8, slices: 5), .init(x: 1, y: 1, slice: 1)),
        (.init(x: 7, y: 11, slices: 4), .init(x: 1.5625, y: 1.25, slice: 10)),
        (.init(x: 13, y: 3, slices: 7), .init(x: 30, y: 7, slice: 0.01)),
        (.init(x: 3, y: 2, slices: 20), .init(x: 0.001, y: 1000, slice: 2)),
        (.init(x: 40, y: 1, slices: 1), .init(x: 0.7, y: 3, slice: 3)),
        (.init(x: 1, y: 40, slices: 1), .init(x: 0.7, y: 3, slice: 3)),
        (.init(x: 1, y: 1, slices: 40), .init(x: 0.7, y: 3, slice: 3)),
        (.init(x: 1, y: 1, slices: 1), .init(x: 2, y: 2, slice: 2)),
    ]

    @Test("distances are those to the nearest of all members", arguments: geometries)
    func agreesWithPairs(extent: Volume.Extent, spacing: Volume.Spacing) {
        for (seed, share) in [0.005, 0.02, 0.1, 0.5, 0.9, 1].enumerated() {
            var generator = SeededGenerator(seed: UInt64(seed), path: extent.x)
            let members = (0..<extent.count).map { _ in Double(generator.uniform()) < share }
            let found = DistanceTransform(extent: extent, spacing: spacing).squaredDistances(to: members)
            for (a, b) in zip(found, oracle(members, extent, spacing)) {
                #expect(a == b || abs(a - b) <= 1e-9 * b, "\(extent), share \(share): \(a), expected \(b)")
            }
        }
    }

    @Test("from one voxel, distances are those of geometry")
    func singleMember() {
        let extent = Volume.Extent(x: 6, y: 5, slices: 4)
        func place(_ x: Int, _ y: Int, _ slice: Int) -> Int { (slice * extent.y + y) * extent.x + x }
        var members = [Bool](repeating: false, count: extent.count)
        members[place(3, 2, 1)] = true
        let squares = DistanceTransform(extent: extent, spacing: .init(x: 3, y: 4, slice: 12))
            .squaredDistances(to: members)
        #expect(squares[place(3, 2, 1)] == 0)
        #expect(squares[place(4, 3, 2)] == 169)
        #expect(squares[place(2, 1, 0)] == 169)
        #expect(squares[place(0, 0, 0)] == 289)
    }

    @Test("without members, nothing is near")
    func noMember() {
        let extent = Volume.Extent(x: 3, y: 2, slices: 2)
        let squares = DistanceTransform(extent: extent, spacing: .init(x: 1, y: 1, slice: 1))
            .squaredDistances(to: Array(repeating: false, count: extent.count))
        #expect(squares.allSatisfy { $0 == .infinity })
    }
}
