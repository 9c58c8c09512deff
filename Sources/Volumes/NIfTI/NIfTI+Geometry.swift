extension NIfTI {
    /// The part of a header, in addition to size and spacing, that is preserved when a file is read and written.
    ///
    /// Lengths are in the unit that `unitsCode` names, as in the file. These fields are passed through unchanged and
    /// uninterpreted; `Volume.spacing` alone determines the distance between voxels.
    public struct Geometry: Sendable, Equatable {
        /// The header's `dim[0]`, 3 or 4; a volume of several frames is always written with 4.
        public var dimensionCount = 3
        /// `pixdim[0]`: −1 if the quaternion's third axis is flipped, otherwise 1.
        public var qfac = 1.0
        /// `pixdim[4]`: the time between frames, in the file's unit of time; in ACDC it is 1, which is not a real time.
        public var frameSpacing = 0.0
        /// `xyzt_units`: the unit of length in the lowest three bits (1 meter, 2 millimeter, 3 micrometer) and the unit
        /// of time in the bits above.
        public var unitsCode: UInt8 = 2
        /// `qform_code`: the coordinate system to which the quaternion maps; 0 if there is none.
        public var qformCode: Int16 = 0
        /// `sform_code`: the coordinate system to which the affine maps; 0 if there is none.
        public var sformCode: Int16 = 0
        /// `quatern_b`, `quatern_c`, and `quatern_d`: the rotation.
        public var quaternion = SIMD3<Double>.zero
        /// `qoffset_x`, `qoffset_y`, and `qoffset_z`: the position of voxel (0, 0, 0).
        public var quaternionOffset = SIMD3<Double>.zero
        /// `srow_x`: the row of the affine that maps voxel indices (i, j, k, 1) to a position along x.
        public var affineX = SIMD4<Double>.zero
        /// `srow_y`: the row of the affine for y.
        public var affineY = SIMD4<Double>.zero
        /// `srow_z`: the row of the affine for z.
        public var affineZ = SIMD4<Double>.zero
        /// `scl_slope`: a voxel value is the stored number times the slope, plus `intercept`.
        ///
        /// Used for integer datatypes only.
        public var slope = 1.0
        /// `scl_inter`: the intercept; see `slope`.
        public var intercept = 0.0
        /// `descrip`: free text of at most 80 bytes.
        public var text = ""

        /// Creates a geometry without orientation, in millimeters, whose integers are stored unscaled.
        public init() {}

        /// The number of millimeters in the unit of length that `unitsCode` names; 1 if it names none.
        var millimetres: Double {
            switch unitsCode & 7 {
            case 1: 1000
            case 3: 0.001
            default: 1
            }
        }

        /// The lengths of the affine's first three columns: the voxel spacing, if the affine agrees with `pixdim`.
        var affineSpacing: SIMD3<Double> {
            let squares = affineX * affineX + affineY * affineY + affineZ * affineZ
            return SIMD3(squares.x, squares.y, squares.z).squareRoot()
        }

        /// Whether `slope` and `intercept` scale the stored numbers; a slope of 0, NaN, or infinity means no scaling.
        var isScaled: Bool { slope.isFinite && slope != 0 && (slope != 1 || intercept != 0) }

        /// The slope and intercept in single precision, as a NIfTI-1 header stores them.
        var storedScale: (slope: Double, intercept: Double) { (Double(Float(slope)), Double(Float(intercept))) }
    }
}

extension NIfTI {
    /// The anatomical directions in which x, y, and slice indices grow, such as `LPS`; `nil` if the header has none.
    ///
    /// Letters are R and L for right and left, A and P for anterior and posterior, S and I for superior and inferior;
    /// an oblique axis has the direction nearest to it. The affine is used only if its columns are as long as the
    /// spacing, which in ACDC they never are; otherwise, the quaternion is used if `qform_code` is set.
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

        // Of the six assignments of axes to directions, choose the one that rotates the axes least.
        let ways = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]
        func closeness(_ way: [Int]) -> Double { (0..<3).reduce(0) { $0 + abs(cosines[$1][way[$1]]) } }
        let way = ways.max { closeness($0) < closeness($1) }!
        let letters = [["L", "R"], ["P", "A"], ["I", "S"]]
        return (0..<3).map { axis in letters[way[axis]][cosines[axis][way[axis]] < 0 ? 0 : 1] }.joined()
    }
}

extension NIfTI.Geometry {
    /// Returns whether the lengths of the affine's columns equal the spacing in mm, to within one part in a thousand.
    func affineAgrees(with spacing: Volume.Spacing) -> Bool {
        let columns = affineSpacing * millimetres
        let wanted = SIMD3(spacing.x, spacing.y, spacing.slice)
        // 1e-3 tolerates matrices that were rounded to a few digits.
        return (0..<3).allSatisfy { abs(columns[$0] - wanted[$0]) <= 1e-3 * wanted[$0] }
    }

    /// The columns of the quaternion's rotation matrix, the third one flipped if `qfac` is negative.
    fileprivate var quaternionColumns: [SIMD3<Double>] {
        var (b, c, d) = (quaternion.x, quaternion.y, quaternion.z)
        let rest = 1 - (b * b + c * c + d * d)
        var a = rest.squareRoot()
        if rest < 0 {
            // A half turn whose quaternion is too long because of rounding.
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
        /// 8-bit unsigned integers, typical of labels.
        case uint8 = 2
        /// 16-bit integers, the type of most scanners.
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

        /// The number of bytes per stored number; eight times this is the header's field `bitpix`.
        public var byteCount: Int {
            switch self {
            case .uint8, .int8: 1
            case .int16, .uint16: 2
            case .int32, .uint32, .float32: 4
            case .float64, .int64, .uint64: 8
            }
        }

        /// Whether the numbers are integers; only integers are stored with a slope and an intercept.
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
