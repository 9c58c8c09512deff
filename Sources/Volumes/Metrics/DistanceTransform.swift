/// The exact squared Euclidean distance transform of a set of voxels, for any spacing.
///
/// The transform processes the axes one after another. Along x, every voxel of a row takes the distance to the nearest
/// member of its row, found by a scan in each direction. Along y and then along the slice axis, the result so far, f,
/// becomes
///
///     g(q) = min over p of (x_q − x_p)² + f(p)
///
/// with positions x in mm: the height at x_q of the lower envelope of the parabolas with a vertex at every p. The
/// envelope is built from left to right, and evaluated from left to right.
///
/// - Complexity: O(voxels). A voxel is pushed onto the envelope of its line once and removed at most once, and
///   evaluation passes each parabola once; each axis takes a constant number of steps per voxel for any set of members.
///
/// Source: P. F. Felzenszwalb and D. P. Huttenlocher, "Distance transforms of sampled functions", Theory of Computing
/// 8:415–428, 2012, algorithm 1.
struct DistanceTransform {
    /// The number of voxels along x, y, and the slice axis.
    let extent: Volume.Extent
    /// The spacing in mm.
    let spacing: Volume.Spacing

    /// Returns the squared distance in mm² from every voxel to the nearest member; infinity if there are no members.
    ///
    /// - Parameter members: `extent.count` Boolean values, x fastest.
    func squaredDistances(to members: [Bool]) -> [Double] {
        var squares = alongRows(members)
        var envelope = Envelope(capacity: max(extent.y, extent.slices))
        let plane = extent.x * extent.y
        for slice in 0..<extent.slices {
            for x in 0..<extent.x {
                envelope.lower(
                    &squares, from: slice * plane + x, step: extent.x, count: extent.y, spacing: spacing.y)
            }
        }
        for start in 0..<plane {
            envelope.lower(&squares, from: start, step: plane, count: extent.slices, spacing: spacing.slice)
        }
        return squares
    }

    /// Returns the squared distances to the nearest member of the same row.
    private func alongRows(_ members: [Bool]) -> [Double] {
        var squares = [Double](repeating: .infinity, count: extent.count)
        for row in 0..<extent.y * extent.slices {
            let places = row * extent.x..<(row + 1) * extent.x
            guard var previous = places.first(where: { members[$0] }) else { continue }
            for place in places.lowerBound..<previous { squares[place] = square(previous - place) }
            for place in previous..<places.upperBound {
                if members[place] {
                    // Voxels past the middle of the gap are nearer to this member than to the previous one.
                    var back = place
                    while back > previous, place - back < back - previous {
                        squares[back] = square(place - back)
                        back -= 1
                    }
                    previous = place
                }
                squares[place] = square(place - previous)
            }
        }
        return squares
    }

    private func square(_ steps: Int) -> Double {
        let distance = Double(steps) * spacing.x
        return distance * distance
    }
}

/// The lower envelope of parabolas of equal width, whose vertices lie at the voxels of a line.
private struct Envelope {
    /// The vertex position and height of each parabola of the envelope, and the position from which it is the lowest.
    ///
    /// Positions are in mm.
    private var feet: [Double]
    private var heights: [Double]
    private var begins: [Double]

    init(capacity: Int) {
        feet = Array(repeating: 0, count: capacity)
        heights = feet
        begins = feet
    }

    /// Replaces the parabola heights of a line with the height of the envelope at each voxel.
    mutating func lower(_ values: inout [Double], from start: Int, step: Int, count: Int, spacing: Double) {
        var last = -1
        for index in 0..<count {
            let height = values[start + index * step]
            guard height < .infinity else { continue }
            let foot = Double(index) * spacing
            var begin = -Double.infinity
            while last >= 0 {
                // The intersection of this parabola and the last one of the envelope, page 419 of the source.
                begin =
                    ((height + foot * foot) - (heights[last] + feet[last] * feet[last])) / (2 * (foot - feet[last]))
                if begin > begins[last] { break }
                last -= 1
            }
            last += 1
            feet[last] = foot
            heights[last] = height
            begins[last] = last == 0 ? -.infinity : begin
        }
        guard last >= 0 else { return }
        var current = 0
        for index in 0..<count {
            let place = Double(index) * spacing
            while current < last, begins[current + 1] < place { current += 1 }
            let distance = place - feet[current]
            values[start + index * step] = distance * distance + heights[current]
        }
    }
}
