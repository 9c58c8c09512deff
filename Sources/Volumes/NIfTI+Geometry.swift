extension NIfTI {
    /// The part of a header, beside extents and spacing, that is kept when a file is read and written.
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
