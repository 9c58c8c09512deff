/// A closed line along pixel edges around a region of one label, or around a hole in it.
public struct Contour: Hashable, Sendable {
    /// A pixel corner; (0, 0) is the upper left corner of the first pixel of the image.
    public struct Corner: Hashable, Sendable {
        /// The distance to the right and down, in pixels.
        public let x: Int, y: Int
    }

    /// The corners in order, one pixel apart; the last is one pixel from the first.
    ///
    /// The region lies to the right of the direction of travel.
    public let corners: [Corner]

    /// The enclosed area in pixels by the shoelace formula: positive around a region, negative around a hole.
    public var area: Int {
        var doubled = 0
        for (a, b) in zip(corners, corners.dropFirst() + corners.prefix(1)) { doubled += a.x * b.y - b.x * a.y }
        return doubled / 2
    }

    /// Returns all contours of the pixels with a label; pixels that touch only at a corner are not connected.
    ///
    /// - Parameters:
    ///   - labels: The image, row by row.
    ///   - width: The length of a row.
    /// - Precondition: The labels form whole rows.
    /// - Complexity: O(pixels).
    public static func around(_ label: UInt8, in labels: [UInt8], width: Int) -> [Contour] {
        precondition(width > 0 && labels.count % width == 0, "\(labels.count) pixels in rows of \(width)")
        let height = labels.count / width
        func isInside(_ x: Int, _ y: Int) -> Bool {
            x >= 0 && x < width && y >= 0 && y < height && labels[y * width + x] == label
        }
        // The directions in which edges of the region leave each corner, as bits.
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

    /// Follows edges, removing them, until the first one would be next.
    private static func follow(
        _ leaving: inout [UInt8], from start: Int, _ first: Direction, width: Int
    ) -> Contour {
        var (corners, place, direction) = ([Corner](), start, first)
        repeat {
            corners.append(Corner(x: place % (width + 1), y: place / (width + 1)))
            leaving[place] &= ~direction.bit
            place += direction.stride(width + 1)
            let open = leaving[place] | (place == start ? first.bit : 0)
            // If two pixels touch at a corner, turning right stays with the same pixel.
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
    /// Returns a smooth closed path for the `d` attribute of an SVG element.
    ///
    /// The curves pass through the midpoints between the midpoints of successive edges, so that the steps of a slanted
    /// border become a line. The path stays within a pixel of the edges.
    ///
    /// - Parameters:
    ///   - origin: The corner at (0, 0).
    ///   - scale: The width and height of a pixel in units of the drawing.
    func path(origin: Corner, scale: (x: Double, y: Double)) -> String {
        func place(_ x: Double, _ y: Double) -> String {
            "\(((x - Double(origin.x)) * scale.x).attribute) \(((y - Double(origin.y)) * scale.y).attribute)"
        }
        var middles = zip(corners, corners.dropFirst() + corners.prefix(1)).map { a, b in
            (x: Double(a.x + b.x) / 2, y: Double(a.y + b.y) / 2)
        }
        // Smooths steps of several pixels; small regions are left alone, since they would shrink.
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

    /// Returns the pixels just outside the region, across its edges, omitting those beyond the image.
    func outerNeighbours(width: Int, height: Int) -> [Int] {
        zip(corners, corners.dropFirst() + corners.prefix(1)).compactMap { a, b in
            // The pixel to the left when going from a to b.
            let x = b.x > a.x || b.y > a.y ? a.x : a.x - 1
            let y = b.x > a.x || b.y < a.y ? a.y - 1 : a.y
            return x >= 0 && x < width && y >= 0 && y < height ? y * width + x : nil
        }
    }
}
