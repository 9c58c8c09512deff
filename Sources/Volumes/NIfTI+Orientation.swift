extension NIfTI {
    /// The directions in the body in which x, y and slice indices grow, such as `LPS`; nil where the header does not say.
    ///
    /// Letters are R and L for right and left, A and P for anterior and posterior, S and I for superior and inferior; an
    /// oblique axis has the direction that it is nearest to. The affine counts only if its columns are as long as the
    /// spacing, which in ACDC they never are; failing that, the quaternion is used if `qform_code` is set.
    ///
    /// Source: "3D image orientation and location in space", methods 2 and 3, in nifti1.h.
    public var orientation: String? {
        let columns: [SIMD3<Double>]
        if geometry.sformCode > 0 && geometry.affineAgrees(with: volume.spacing) {
            columns = (0..<3).map { SIMD3(geometry.affineX[$0], geometry.affineY[$0], geometry.affineZ[$0]) }
        } else if geometry.qformCode > 0 {
            columns = geometry.quaternionColumns
        } else {
            return nil
        }
        let cosines = columns.map { $0 / ($0 * $0).sum().squareRoot() }
        guard cosines.allSatisfy({ ($0 * $0).sum().isFinite }) else { return nil }

        // Of the six ways to give each axis another direction, the one that turns the axes least.
        let ways = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]
        func closeness(_ way: [Int]) -> Double { (0..<3).reduce(0) { $0 + abs(cosines[$1][way[$1]]) } }
        let way = ways.max { closeness($0) < closeness($1) }!
        let letters = [["L", "R"], ["P", "A"], ["I", "S"]]
        return (0..<3).map { axis in letters[way[axis]][cosines[axis][way[axis]] < 0 ? 0 : 1] }.joined()
    }
}

extension NIfTI.Geometry {
    /// Whether the affine's columns are as long as the spacing, which is in mm, to a part in a thousand.
    func affineAgrees(with spacing: Volume.Spacing) -> Bool {
        let columns = affineSpacing * millimetres
        let wanted = SIMD3(spacing.x, spacing.y, spacing.slice)
        // 1e-3 lets through matrices that were rounded to a few digits.
        return (0..<3).allSatisfy { abs(columns[$0] - wanted[$0]) <= 1e-3 * wanted[$0] }
    }

    /// Columns of the rotation that the quaternion stands for, the third one flipped where `qfac` is negative.
    fileprivate var quaternionColumns: [SIMD3<Double>] {
        var (b, c, d) = (quaternion.x, quaternion.y, quaternion.z)
        let rest = 1 - (b * b + c * c + d * d)
        var a = rest.squareRoot()
        if rest < 0 {
            // Half a turn, whose quaternion rounding has made too long.
            let length = (b * b + c * c + d * d).squareRoot()
            (a, b, c, d) = (0, b / length, c / length, d / length)
        }
        return [
            SIMD3(a * a + b * b - c * c - d * d, 2 * (b * c + a * d), 2 * (b * d - a * c)),
            SIMD3(2 * (b * c - a * d), a * a + c * c - b * b - d * d, 2 * (c * d + a * b)),
            SIMD3(2 * (b * d + a * c), 2 * (c * d - a * b), a * a + d * d - b * b - c * c) * (qfac < 0 ? -1 : 1),
        ]
    }
}
