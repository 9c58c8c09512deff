/// A closed line along the edges of pixels around a region of a label, or around a hole in it.
public struct Contour: Hashable, Sendable {
    /// A corner of pixels: (0, 0) is the upper left corner of the image's first pixel.
    public struct Corner: Hashable, Sendable {
        /// Pixels to the right, and down.
        public let x: Int, y: Int
    }

    /// The corners in order, one pixel apart; the last is one pixel from the first. The region lies on the right-hand
    /// side of who walks along them.
    public let corners: [Corner]

    /// The area inside in pixels: positive around a region, negative around a hole (the shoelace formula).
    public var area: Int {
        var doubled = 0
        for (a, b) in zip(corners, corners.dropFirst() + corners.prefix(1)) { doubled += a.x * b.y - b.x * a.y }
        return doubled / 2
    }

    /// All contours of the pixels with a label. Pixels that touch at a corner only do not belong together.
    ///
    /// - Parameters:
    ///   - labels: The image, row by row.
    ///   - width: The length of a row.
    /// - Precondition: whole rows.
    /// - Complexity: O(pixels).
    public static func around(_ label: UInt8, in labels: [UInt8], width: Int) -> [Contour] {
        precondition(width > 0 && labels.count % width == 0, "\(labels.count) pixels in rows of \(width)")
        let height = labels.count / width
        func isInside(_ x: Int, _ y: Int) -> Bool {
            x >= 0 && x < width && y >= 0 && y < height && labels[y * width + x] == label
        }
        // For each corner, the directions in which an edge of the region leaves it, as bits.
        var leaving = [UInt8](repeating: 0, count: (width + 1) * (height + 1))
        for y in 0..<height {
            for x in 0..<width where isInside(x, y) {
                let corner = y * (width + 1) + x
                if !isInside(x, y - 1) { leaving[corner] |= Direction.right.bit }
                if !isInside(x + 1, y) { leaving[corner + 1] |= Direction.down.bit }
                if !isInside(x, y + 1) { leaving[corner + width + 2] |= Direction.left.bit }
                if !isInside(x - 1, y) { leaving[corner + width + 1] |= Direction.up.bit }
            }
        }
        var contours: [Contour] = []
        for start in leaving.indices {
            while let first = Direction.allCases.first(where: { leaving[start] & $0.bit != 0 }) {
                contours.append(follow(&leaving, from: start, first, width: width))
            }
        }
        return contours
    }

    /// Walks along edges, taking them away, until the first one would be next.
    private static func follow(
        _ leaving: inout [UInt8], from start: Int, _ first: Direction, width: Int
    ) -> Contour {
        var (corners, place, direction) = ([Corner](), start, first)
        repeat {
            corners.append(Corner(x: place % (width + 1), y: place / (width + 1)))
            leaving[place] &= ~direction.bit
            place += direction.stride(width + 1)
            let open = leaving[place] | (place == start ? first.bit : 0)
            // Where two pixels touch at a corner, turning right stays with the same pixel.
            direction = [direction.turned(1), direction, direction.turned(3)].first { open & $0.bit != 0 }!
        } while place != start || direction != first
        return Contour(corners: corners)
    }

    private enum Direction: Int, CaseIterable {
        case right, down, left, up

        var bit: UInt8 { 1 << rawValue }
        func turned(_ quarters: Int) -> Direction { Direction(rawValue: (rawValue + quarters) % 4)! }
        func stride(_ row: Int) -> Int {
            switch self {
            case .right: 1
            case .down: row
            case .left: -1
            case .up: -row
            }
        }
    }
}
