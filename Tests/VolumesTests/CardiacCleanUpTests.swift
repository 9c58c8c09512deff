import Tensor
import Testing
import _TestSupport

@testable import Volumes

@Suite struct CardiacCleanUpTests {
    /// A label map of slices drawn as text, one digit a voxel.
    private func map(_ slices: [String], spacing: Double = 1) -> Volume {
        let rows = slices.map { $0.split(separator: " ") }
        let voxels = rows.flatMap { $0.flatMap { $0.map { Float($0.wholeNumberValue!) } } }
        return Volume(
            extent: .init(x: rows[0][0].count, y: rows[0].count, slices: slices.count),
            spacing: .init(x: spacing, y: spacing, slice: 10), voxels: voxels)
    }

    @Test func keepsTheLargestHeartAndFillsItsHoles() {
        let labels = map([
            "0000000 0222000 0202003 0222000 0000022", "0000000 0222000 0232000 0222000 0000000",
        ])
        let cleaned = CardiacCleanUp()(labels)
        #expect(
            cleaned
                == map(["0000000 0222000 0232000 0222000 0000000", "0000000 0222000 0232000 0222000 0000000"]))
        // The second time there is nothing to do.
        #expect(CardiacCleanUp()(cleaned) == cleaned)
    }

    @Test func aRightVentricleInsideTheRingBecomesLeftAndAnOpenRingStays() {
        #expect(
            CardiacCleanUp()(map(["00000 02220 02120 02220 00000", "00000 02020 02020 02220 00000"]))
                == map(["00000 02220 02320 02220 00000", "00000 02020 02020 02220 00000"]))
    }

    @Test func keepsWhatIsNearAndLargeOfTheRightVentricle() {
        // Eleven voxels beside the heart, one voxel apart from them, and two far away.
        let labels = map(["1111100000 1111113200 0000003300 0000000000 1000000011"], spacing: 8)
        var rule = CardiacCleanUp()
        rule.fraction = 0.15
        #expect(rule(labels) == map(["1111100000 1111113200 0000003300 0000000000 0000000011"], spacing: 8))
        rule.distance = 20
        #expect(rule(labels) == map(["1111100000 1111113200 0000003300 0000000000 0000000011"], spacing: 8))
        rule.distance = 10
        let near = map(["1111100000 1111113200 0000003300 0000000000 0000000000"], spacing: 8)
        #expect(rule(labels) == near)
    }

    @Test func withoutALeftVentricleTheRightOneStays() {
        let labels = map(["1100 1100 0000"])
        #expect(CardiacCleanUp()(labels) == labels)
        let empty = map(["0000 0000 0000"])
        #expect(CardiacCleanUp()(empty) == empty)
    }

    @Test func componentsAreThoseOfAFloodFill() {
        var generator = SeededGenerator(seed: 4)
        let extent = Volume.Extent(x: 7, y: 6, slices: 4)
        for _ in 0..<20 {
            let members = (0..<extent.count).map { _ in generator.chance(0.4) }
            let components = ConnectedComponents(of: members, extent: extent)
            // The oracle: labels spread to the lowest of their neighbours until nothing changes.
            var lowest = members.indices.map { members[$0] ? $0 : -1 }
            var isChanged = true
            while isChanged {
                isChanged = false
                for a in members.indices where members[a] {
                    for b in members.indices where members[b] && lowest[b] < lowest[a] {
                        let (dx, dy, dz) = (a % 7 - b % 7, a / 7 % 6 - b / 7 % 6, a / 42 - b / 42)
                        if abs(dx) + abs(dy) + abs(dz) == 1 { (lowest[a], isChanged) = (lowest[b], true) }
                    }
                }
            }
            let numbers = Set(lowest).subtracting([-1]).sorted()
            for place in members.indices {
                let expected = members[place] ? numbers.firstIndex(of: lowest[place])! + 1 : 0
                #expect(Int(components.component[place]) == expected)
            }
            #expect(components.sizes == numbers.map { number in lowest.count { $0 == number } })
        }
    }
}
