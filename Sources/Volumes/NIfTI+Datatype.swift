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
