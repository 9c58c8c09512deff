extension NIfTI {
    /// The part of a header, in addition to size and spacing, that is kept when a file is read and written.
    ///
    /// Lengths are in the unit that `unitsCode` names, as in the file. Nothing here is changed or interpreted on the way
    /// through; `Volume.spacing` alone says how far voxels are apart.
    public struct Geometry: Sendable, Equatable {
        /// 3 or 4, the header's `dim[0]`; a volume of several frames is written with 4 in any case.
        public var dimensionCount = 3
        /// `pixdim[0]`: −1 where the quaternion's third axis is flipped, else 1.
        public var qfac = 1.0
        /// `pixdim[4]`: the time between frames, in the file's unit of time; ACDC has 1, which is no time.
        public var frameSpacing = 0.0
        /// `xyzt_units`: unit of length in the lowest three bits (1 metre, 2 millimetre, 3 micrometre), of time above.
        public var unitsCode: UInt8 = 2
        /// `qform_code`: what the quaternion maps to; 0 where there is none.
        public var qformCode: Int16 = 0
        /// `sform_code`: what the affine maps to; 0 where there is none.
        public var sformCode: Int16 = 0
        /// `quatern_b`, `quatern_c`, `quatern_d`: the rotation.
        public var quaternion = SIMD3<Double>.zero
        /// `qoffset_x`, `qoffset_y`, `qoffset_z`: the position of voxel (0, 0, 0).
        public var quaternionOffset = SIMD3<Double>.zero
        /// `srow_x`: the row of the affine that maps voxel indices (i, j, k, 1) to a position along x.
        public var affineX = SIMD4<Double>.zero
        /// `srow_y`: the row of the affine for y.
        public var affineY = SIMD4<Double>.zero
        /// `srow_z`: the row of the affine for z.
        public var affineZ = SIMD4<Double>.zero
        /// `scl_slope`: a voxel is this times the stored number, plus `intercept`. Used for integer datatypes only.
        public var slope = 1.0
        /// `scl_inter`: see `slope`.
        public var intercept = 0.0
        /// `descrip`: free text of at most 80 bytes.
        public var text = ""

        /// A geometry without orientation, in millimetres, whose integers are stored as they are.
        public init() {}

        /// Millimetres in the unit of length that `unitsCode` names; 1 where it names none.
        var millimetres: Double {
            switch unitsCode & 7 {
            case 1: 1000
            case 3: 0.001
            default: 1
            }
        }

        /// Lengths of the affine's first three columns: the voxel spacing, if the affine agrees with `pixdim`.
        var affineSpacing: SIMD3<Double> {
            let squares = affineX * affineX + affineY * affineY + affineZ * affineZ
            return SIMD3(squares.x, squares.y, squares.z).squareRoot()
        }

        /// Whether `slope` and `intercept` change a number: a slope of 0, NaN or infinity means none.
        var isScaled: Bool { slope.isFinite && slope != 0 && (slope != 1 || intercept != 0) }

        /// Slope and intercept as a NIfTI-1 header holds them, in single precision.
        var storedScale: (slope: Double, intercept: Double) { (Double(Float(slope)), Double(Float(intercept))) }
    }
}

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

extension NIfTI {
    /// The type of a stored number; the raw value is the code in the header's field `datatype`.
    public enum Datatype: Int16, Sendable, CaseIterable, CustomStringConvertible {
        /// 8-bit unsigned integers: labels.
        case uint8 = 2
        /// 16-bit integers: most scanners.
        case int16 = 4
        /// 32-bit integers.
        case int32 = 8
        /// IEEE single precision, the type in memory.
        case float32 = 16
        /// IEEE double precision; rounded to `Float` in memory.
        case float64 = 64
        /// 8-bit integers.
        case int8 = 256
        /// 16-bit unsigned integers.
        case uint16 = 512
        /// 32-bit unsigned integers.
        case uint32 = 768
        /// 64-bit integers.
        case int64 = 1024
        /// 64-bit unsigned integers.
        case uint64 = 1280

        /// Bytes a stored number occupies; eight times this is the header's field `bitpix`.
        public var byteCount: Int {
            switch self {
            case .uint8, .int8: 1
            case .int16, .uint16: 2
            case .int32, .uint32, .float32: 4
            case .float64, .int64, .uint64: 8
            }
        }

        /// Whether the numbers are integers, which alone are stored with a slope and an intercept.
        public var isInteger: Bool { self != .float32 && self != .float64 }

        /// The name of the type, such as `int16`.
        public var description: String {
            switch self {
            case .uint8: "uint8"
            case .int16: "int16"
            case .int32: "int32"
            case .float32: "float32"
            case .float64: "float64"
            case .int8: "int8"
            case .uint16: "uint16"
            case .uint32: "uint32"
            case .int64: "int64"
            case .uint64: "uint64"
            }
        }
    }
}
