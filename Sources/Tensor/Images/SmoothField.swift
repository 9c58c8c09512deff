/// A smooth random field over an image: the values at control points spaced a quarter of the image apart, interpolated
/// with uniform cubic B-splines.
///
/// Two fields are the displacements of an elastic deformation; one is the logarithm of a bias field.
///
/// Source: Rueckert et al., "Nonrigid registration using free-form deformations", IEEE TMI 18(8):712–721, 1999,
/// Eq. (1).
struct SmoothField {
    private static let cells = 4
    /// The number of control points along an axis; a cubic spline needs three more than there are cells.
    static let points = cells + 3
    /// The B-splines that interpolate between the control points.
    let splines: Splines
    /// The values at the control points, `[points, points]`.
    let values: [Float]

    /// Adds the field to the pixels of a row.
    func add(row: Int, to line: UnsafeMutablePointer<Float>) {
        let (width, points) = (splines.width, Self.points)
        // Combine the four surrounding rows of control points into one, then spread its points over the columns.
        let (first, weights) = splines.ofRows[row]
        for point in 0..<points {
            var value: Float = 0
            for k in 0..<4 { value += weights[k] * values[(first + k) * points + point] }
            splines.ofColumns.withUnsafeBufferPointer { ofColumns in
                let spread = ofColumns.baseAddress! + point * width
                for column in splines.support[point] { line[column] += value * spread[column] }
            }
        }
    }

    /// The B-splines evaluated at the pixels of an image, shared by all fields of a batch.
    struct Splines: Sendable {
        let width: Int
        /// For each row, the index of the first of the four surrounding control points, and their weights.
        let ofRows: [(first: Int, weights: SIMD4<Float>)]
        /// The weight of each control point in each column, `[points, width]`.
        let ofColumns: [Float]
        /// The columns in which each control point has a nonzero weight.
        let support: [Range<Int>]

        init(_ extents: ImageExtents) {
            let width = extents.width
            self.width = width
            ofRows = (0..<extents.height).map { Self.weights(at: $0, of: extents.height) }
            var ofColumns = [Float](repeating: 0, count: points * width)
            var support = [Range<Int>](repeating: 0..<0, count: points)
            for column in 0..<width {
                let (first, weights) = Self.weights(at: column, of: width)
                for k in 0..<4 {
                    ofColumns[(first + k) * width + column] = weights[k]
                    let known = support[first + k]
                    support[first + k] = (known.isEmpty ? column : known.lowerBound)..<column + 1
                }
            }
            (self.ofColumns, self.support) = (ofColumns, support)
        }

        private static func weights(at position: Int, of extent: Int) -> (first: Int, weights: SIMD4<Float>) {
            let place = (Float(position) + 0.5) / Float(extent) * Float(cells)
            let cell = min(cells - 1, Int(place))
            let t = place - Float(cell), s = 1 - t
            let inner = SIMD2(3 * t * t * t - 6 * t * t + 4, 3 * s * s * s - 6 * s * s + 4)
            return (cell, SIMD4(s * s * s, inner.x, inner.y, t * t * t) / 6)
        }
    }
}
