import Volumes

/// An atrium or a stretch of a vessel: a tube with round ends, or an ellipsoid.
///
/// Points are in mm from the centre of the heart, towards the patient's left, front and head.
struct Hollow: Sendable {
    private let start: SIMD3<Float>
    private let direction: SIMD3<Float>
    private let squaredLength: Float
    private let radius: Float
    private let semiAxes: SIMD3<Float>?

    /// A tube.
    init(from start: SIMD3<Float>, to end: SIMD3<Float>, radius: Float) {
        (self.start, direction, self.radius, semiAxes) = (start, end - start, radius, nil)
        squaredLength = max((direction * direction).sum(), 1e-6)
    }

    /// An ellipsoid.
    init(centre: SIMD3<Float>, semiAxes: SIMD3<Float>) {
        (start, direction, squaredLength) = (centre, .zero, 1)
        (radius, self.semiAxes) = (semiAxes.max(), semiAxes)
    }

    /// How deep a point lies below the surface, in mm; of points outside, their distance with a minus sign, to first
    /// order.
    func depth(of point: SIMD3<Float>) -> Float {
        var away = point - start
        if let semiAxes {
            let place = away / semiAxes
            let norm = (place * place).sum().squareRoot()
            guard norm > 1e-3 else { return semiAxes.min() }
            let slope = place / semiAxes
            return (1 - norm) * norm / (slope * slope).sum().squareRoot()
        }
        let share = min(max((away * direction).sum() / squaredLength, 0), 1)
        away -= direction * share
        return radius - (away * away).sum().squareRoot()
    }

    /// Corners of a box around it.
    var box: (low: SIMD3<Float>, high: SIMD3<Float>) {
        let reach = semiAxes ?? SIMD3(repeating: radius)
        let end = start + direction
        return (pointwiseMin(start, end) - reach, pointwiseMax(start, end) + reach)
    }
}
