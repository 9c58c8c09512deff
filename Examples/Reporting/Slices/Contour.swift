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

extension Contour {
    /// A smooth closed path, for an SVG element's `d`: curves through the middles between the middles of the edges, so
    /// that the stairs of a slanted border become a line. It lies within a pixel of the edges.
    ///
    /// - Parameters:
    ///   - origin: The corner that lies at (0, 0).
    ///   - scale: The size of a pixel in units of the drawing, to the right and down.
    func path(origin: Corner, scale: (x: Double, y: Double)) -> String {
        func place(_ x: Double, _ y: Double) -> String {
            "\(((x - Double(origin.x)) * scale.x).attribute) \(((y - Double(origin.y)) * scale.y).attribute)"
        }
        var middles = zip(corners, corners.dropFirst() + corners.prefix(1)).map { a, b in
            (x: Double(a.x + b.x) / 2, y: Double(a.y + b.y) / 2)
        }
        // Small regions would shrink; stairs with steps of several pixels need it.
        if middles.count > 8 {
            let count = middles.count
            middles = middles.indices.map { index in
                let (before, here, after) = (
                    middles[(index + count - 1) % count], middles[index], middles[(index + 1) % count]
                )
                return ((before.x + 2 * here.x + after.x) / 4, (before.y + 2 * here.y + after.y) / 4)
            }
        }
        var path = ""
        for (index, middle) in middles.enumerated() {
            let next = middles[(index + 1) % middles.count]
            let end = place((middle.x + next.x) / 2, (middle.y + next.y) / 2)
            if index == 0 {
                let last = middles[middles.count - 1]
                path = "M" + place((last.x + middle.x) / 2, (last.y + middle.y) / 2)
            }
            path += "Q\(place(middle.x, middle.y)) \(end)"
        }
        return path + "z"
    }

    /// The pixels on the other side of the edges, outside the region; those beyond the image are left out.
    func outerNeighbours(width: Int, height: Int) -> [Int] {
        zip(corners, corners.dropFirst() + corners.prefix(1)).compactMap { a, b in
            // Left of the way from a to b.
            let x = b.x > a.x || b.y > a.y ? a.x : a.x - 1
            let y = b.x > a.x || b.y < a.y ? a.y - 1 : a.y
            return x >= 0 && x < width && y >= 0 && y < height ? y * width + x : nil
        }
    }
}
