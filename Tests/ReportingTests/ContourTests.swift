import Reporting
import Tensor
import Testing
import _TestSupport

@Suite struct ContourTests {
    /// A picture of digits, and the areas of the contours of its ones, sorted.
    private static let cases: [(rows: [String], areas: [Int])] = [
        (["1"], [1]),
        (["000", "010", "000"], [1]),
        (["111", "101", "111"], [-1, 9]),
        (["1100", "1100", "0011"], [2, 4]),
        (["11", "11"], [4]),
        (["10", "01"], [1, 1]),
        (["01", "10"], [1, 1]),
        // Two holes that touch at a corner are one to those who walk with the region on their right.
        (["1111", "1011", "1101", "1111"], [-2, 16]),
        // A ring with an island of the same label in its hole.
        (["11111", "10001", "10101", "10001", "11111"], [-9, 1, 25]),
        // Another label is as outside as the background.
        (["1112", "1222", "1112"], [7]),
        (["000", "020"], []),
    ]

    @Test(arguments: cases.indices) func contoursEncloseTheirPixels(index: Int) {
        let (rows, areas) = Self.cases[index]
        let labels = rows.joined().map { UInt8($0.wholeNumberValue!) }
        let contours = Contour.around(1, in: labels, width: rows[0].count)
        #expect(contours.map(\.area).sorted() == areas)
        #expect(contours.map(\.area).reduce(0, +) == labels.filter { $0 == 1 }.count)
    }

    @Test func aPixelIsGoneAroundClockwise() {
        let corners = Contour.around(7, in: [0, 7], width: 2)[0].corners
        #expect(corners.map { [$0.x, $0.y] } == [[1, 0], [2, 0], [2, 1], [1, 1]])
    }

    /// Each edge between the region and what is not belongs to exactly one contour.
    @Test(arguments: 0..<12 as Range<UInt64>) func randomRegions(seed: UInt64) {
        let (width, height) = (13, 9)
        let noise = Tensor(random: [height, width], seed: seed).elements
        let labels = noise.map { $0 > Float(seed) * 0.15 - 0.9 ? UInt8(3) : 0 }
        let contours = Contour.around(3, in: labels, width: width)
        func isInside(_ x: Int, _ y: Int) -> Bool {
            x >= 0 && x < width && y >= 0 && y < height && labels[y * width + x] == 3
        }
        var edges = 0
        for y in -1..<height { for x in -1..<width { edges += isInside(x, y) != isInside(x + 1, y) ? 1 : 0 } }
        for y in -1..<height { for x in -1..<width { edges += isInside(x, y) != isInside(x, y + 1) ? 1 : 0 } }
        #expect(contours.map(\.corners.count).reduce(0, +) == edges)
        #expect(contours.map(\.area).reduce(0, +) == labels.filter { $0 == 3 }.count)
        var seen: Set<[Contour.Corner]> = []
        for contour in contours {
            for (a, b) in zip(contour.corners, contour.corners.dropFirst() + contour.corners.prefix(1)) {
                #expect(abs(a.x - b.x) + abs(a.y - b.y) == 1)
                #expect(seen.insert([a, b]).inserted)
            }
        }
    }
}
