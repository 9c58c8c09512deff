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
