import Foundation
import Volumes

/// The intensities of one slice during rendering: tissues composited on top of each other, with soft edges.
///
/// Points of the slice are given in mm in the patient's frame: p from the axis of the left ventricle toward the front
/// of the body, q toward the patient's left lung. ``Frame`` maps pixels to points.
struct SliceCanvas: Sendable {
    let frame: Frame
    /// The `rows × columns` intensities, row-major.
    var values: [Float]
    /// The border perturbation at every pixel, in standard deviations.
    let wobble: [Float]
    /// The texture of the tissues at every pixel, in standard deviations.
    let texture: [Float]

    /// The mapping from the pixels of a slice to points in the patient.
    struct Frame: Sendable {
        var columns: Int
        var rows: Int
        var spacing: Float
        /// The pixel coordinates of the origin.
        var origin: (x: Float, y: Float)
        /// The direction of p in the image.
        var front: (x: Float, y: Float)

        /// Returns the point at a pixel.
        func point(_ x: Int, _ y: Int) -> (p: Float, q: Float) {
            let (dx, dy) = ((Float(x) - origin.x) * spacing, (Float(y) - origin.y) * spacing)
            return (dx * front.x + dy * front.y, dy * front.x - dx * front.y)
        }

        /// Returns the pixels within `reach` mm of a point, as ranges of columns and rows, which may be empty.
        func pixels(around p: Float, _ q: Float, reach: Float) -> (columns: Range<Int>, rows: Range<Int>) {
            let (x, y) = (
                origin.x + (p * front.x - q * front.y) / spacing, origin.y + (p * front.y + q * front.x) / spacing
            )
            let radius = reach / spacing
            func span(_ centre: Float, _ count: Int) -> Range<Int> {
                let low = min(max(Int((centre - radius).rounded(.down)), 0), count)
                return low..<max(low, min(Int((centre + radius).rounded(.up)) + 1, count))
            }
            return (span(x, columns), span(y, rows))
        }
    }

    /// A tissue: its intensity and appearance.
    struct Tissue: Sendable {
        var intensity: Float
        /// The relative standard deviation of the intensity inside the tissue.
        var mottle: Float = 0.08
        /// The standard deviation of the border position, in mm.
        var wobble: Float = 0
        /// The width of the border, in mm.
        var edge: Float = 1.6
        /// The darkness of the line around the tissue, 0 … 1, where fat and water in one voxel cancel.
        var rim: Float = 0
    }

    /// Renders a tissue where `distance`, the depth in mm below its surface, is positive.
    mutating func paint(_ tissue: Tissue, at index: Int, distance: Float) {
        let depth = distance + tissue.wobble * wobble[index]
        if tissue.rim > 0, abs(depth) < 3 {
            values[index] *= 1 - tissue.rim * exp(-depth * depth)
        }
        guard depth > -tissue.edge / 2 else { return }
        let share = smoothStep(depth / tissue.edge + 0.5)
        let inside = tissue.intensity * (1 + tissue.mottle * texture[index])
        values[index] += (inside - values[index]) * share
        if tissue.rim > 0, abs(depth) < 3 {
            values[index] *= 1 - tissue.rim * exp(-depth * depth)
        }
    }

    /// Renders an ellipse with semi-axes a and b around a point, its first axis rotated by `angle` from p toward q.
    mutating func paintEllipse(
        _ tissue: Tissue, p: Float, q: Float, a: Float, b: Float, angle: Float = 0, only isAllowed: [Bool]? = nil
    ) {
        let (c, s) = (cos(angle), sin(angle))
        let (columns, rows) = frame.pixels(around: p, q, reach: max(a, b) + 3 * tissue.wobble + 3)
        for y in rows {
            for x in columns {
                let index = y * frame.columns + x
                if let isAllowed, !isAllowed[index] { continue }
                let point = frame.point(x, y)
                let (dp, dq) = (point.p - p, point.q - q)
                let (u, v) = ((dp * c + dq * s) / a, (dq * c - dp * s) / b)
                let norm = (u * u + v * v).squareRoot()
                // The distance to the ellipse, to first order: (1 − norm)/|∇norm|.
                let gradient = (u * u / (a * a) + v * v / (b * b)).squareRoot()
                let distance = norm > 1e-3 ? (1 - norm) * norm / gradient : min(a, b)
                paint(tissue, at: index, distance: distance)
            }
        }
    }
}
