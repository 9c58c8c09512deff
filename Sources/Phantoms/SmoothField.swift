import Foundation
import Randomness
import Volumes

/// A smooth random field: normal variates on a coarse lattice, interpolated by cubic B-splines in the plane and
/// linearly between planes.
///
/// It perturbs the borders of organs, adds texture to their interior, and produces noise that is correlated between
/// neighboring pixels. Its mean is 0 and its standard deviation about 1.
struct SmoothField: Sendable {
    private let columns: Int
    private let planes: [[Float]]
    private let horizontal: [Tap]
    private let vertical: [Tap]

    private struct Tap {
        var first: Int
        var weights: (Float, Float, Float, Float)
    }

    /// Creates a field over `width × height` pixels and `depth` lattice planes with `cell` pixels between lattice
    /// points.
    init(width: Int, height: Int, depth: Int = 1, cell: Float, using generator: inout SeededGenerator) {
        let (columns, rows) = (
            Int((Float(width) / cell).rounded(.up)) + 4, Int((Float(height) / cell).rounded(.up)) + 4
        )
        self.columns = columns
        planes = (0..<depth).map { _ in (0..<columns * rows).map { _ in generator.normal() } }
        let phase = generator.uniform()
        horizontal = Self.taps(width, cell, phase)
        vertical = Self.taps(height, cell, phase)
    }

    /// Returns the B-spline weights of every pixel of an axis, scaled so that the field's variance is 1 on average.
    private static func taps(_ count: Int, _ cell: Float, _ phase: Float) -> [Tap] {
        (0..<count).map { i in
            let place = Float(i) / cell + phase
            let t = place - place.rounded(.down)
            let u = 1 - t
            // The mean over t of the sum of squared weights is 151/315.
            let scale = Float(315.0 / 151.0).squareRoot() / 6
            return Tap(
                first: Int(place),
                weights: (
                    u * u * u * scale, (3 * t * t * t - 6 * t * t + 4) * scale,
                    (3 * u * u * u - 6 * u * u + 4) * scale, t * t * t * scale
                ))
        }
    }

    /// Returns the field at a level between the first lattice plane (0) and the last (1): `height × width` values,
    /// row-major.
    func slice(at level: Float = 0) -> [Float] {
        let place = min(max(level, 0), 1) * Float(planes.count - 1)
        let below = min(Int(place), planes.count - 1)
        let t = place - Float(below)
        var lattice = planes[below]
        if t > 0 {
            // Scaled so that the blend of two independent planes keeps the variance of one.
            let scale = 1 / (t * t + (1 - t) * (1 - t)).squareRoot()
            for i in lattice.indices { lattice[i] = (lattice[i] * (1 - t) + planes[below + 1][i] * t) * scale }
        }
        var result = [Float](repeating: 0, count: horizontal.count * vertical.count)
        var row = [Float](repeating: 0, count: columns)
        for (y, v) in vertical.enumerated() {
            let start = v.first * columns
            for x in 0..<columns {
                row[x] =
                    v.weights.0 * lattice[start + x] + v.weights.1 * lattice[start + columns + x]
                    + v.weights.2 * lattice[start + 2 * columns + x] + v.weights.3 * lattice[start + 3 * columns + x]
            }
            let target = y * horizontal.count
            for (x, h) in horizontal.enumerated() {
                result[target + x] =
                    h.weights.0 * row[h.first] + h.weights.1 * row[h.first + 1] + h.weights.2 * row[h.first + 2]
                    + h.weights.3 * row[h.first + 3]
            }
        }
        return result
    }
}
