/// The table of contents of a safetensors file, validated against the number of bytes that follow it.
struct SafetensorsHeader {
    /// A tensor whose bytes are `range` of those after the header.
    struct Entry {
        let name: String
        let type: ElementType
        let shape: Tensor.Shape
        let range: Range<Int>
    }

    /// The supported element types.
    enum ElementType: String, CaseIterable {
        case bool = "BOOL"
        case u8 = "U8"
        case i8 = "I8"
        case i16 = "I16"
        case u16 = "U16"
        case f16 = "F16"
        case bf16 = "BF16"
        case i32 = "I32"
        case u32 = "U32"
        case f32 = "F32"
        case f64 = "F64"
        case i64 = "I64"
        case u64 = "U64"

        /// The number of bytes per element.
        var size: Int {
            switch self {
            case .bool, .u8, .i8: 1
            case .i16, .u16, .f16, .bf16: 2
            case .i32, .u32, .f32: 4
            case .f64, .i64, .u64: 8
            }
        }
    }

    /// The maximum length of a header that the format allows, in bytes.
    static let maximumLength = 100_000_000

    private typealias Scanner = JSONScanner<WeightsError>

    private(set) var entries: [Entry] = []
    private(set) var metadata: [String: String] = [:]

    /// Reads the header's JSON and checks that the tensors cover `dataLength` bytes exactly, without gaps or
    /// overlaps.
    init(json: [UInt8], dataLength: Int, file: String) throws(WeightsError) {
        guard json.first == UInt8(ascii: "{") else {
            throw .invalid(file: file, tensor: "", field: "header", expected: "a JSON object", found: "something else")
        }
        var scanner = Scanner(json) { expected, found in
            .invalid(file: file, tensor: "", field: "header", expected: expected, found: found)
        }
        var names: Set<String> = []
        try scanner.object { scanner, name throws(WeightsError) in
            guard names.insert(name).inserted else {
                throw .invalid(file: file, tensor: name, field: "name", expected: "unique", found: "there twice")
            }
            if name == "__metadata__" {
                metadata = try Self.metadata(&scanner, file: file)
            } else {
                entries.append(try Self.entry(name, &scanner, file: file))
            }
        }
        try scanner.end()
        try checkCover(of: dataLength, file: file)
    }

    private static func metadata(_ scanner: inout Scanner, file: String) throws(WeightsError) -> [String: String] {
        var metadata: [String: String] = [:]
        try scanner.object { scanner, key throws(WeightsError) in
            guard metadata.updateValue(try scanner.string(), forKey: key) == nil else {
                throw .invalid(file: file, tensor: "", field: "metadata key", expected: "unique", found: key)
            }
        }
        return metadata
    }

    private static func entry(
        _ name: String, _ scanner: inout Scanner, file: String
    ) throws(WeightsError) -> Entry {
        func fault(_ field: String, _ expected: String, _ found: String) -> WeightsError {
            .invalid(file: file, tensor: name, field: field, expected: expected, found: found)
        }
        var type: ElementType?
        var extents: [Int]?
        var offsets: [Int]?
        try scanner.object { scanner, field throws(WeightsError) in
            switch field {
            case "dtype" where type == nil:
                let text = try scanner.string()
                type = ElementType(rawValue: text)
                if type == nil {
                    throw fault(field, "one of " + ElementType.allCases.map(\.rawValue).joined(separator: " "), text)
                }
            case "shape" where extents == nil: extents = try scanner.integers(atMost: Tensor.Shape.maximumRank)
            case "data_offsets" where offsets == nil: offsets = try scanner.integers(atMost: 2)
            default: throw fault("field", "dtype, shape and data_offsets, once each", field)
            }
        }
        guard let type else { throw fault("dtype", "given", "missing") }
        guard let extents else { throw fault("shape", "given", "missing") }
        guard let offsets, offsets.count == 2 else { throw fault("data_offsets", "two numbers", "\(offsets ?? [])") }

        var length = type.size
        for extent in extents {
            let (product, overflow) = length.multipliedReportingOverflow(by: extent)
            guard !overflow && extent <= Int32.max else {
                throw fault("shape", "extents up to \(Int32.max) with a product that fits", "\(extents)")
            }
            length = product
        }
        guard offsets[0] <= offsets[1], offsets[1] - offsets[0] == length else {
            throw fault("data_offsets", "\(length) bytes apart, as shape \(extents) of \(type.rawValue)", "\(offsets)")
        }
        return Entry(name: name, type: type, shape: Tensor.Shape(extents), range: offsets[0]..<offsets[1])
    }

    private mutating func checkCover(of dataLength: Int, file: String) throws(WeightsError) {
        entries.sort { ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound) }
        var end = 0
        for entry in entries {
            guard entry.range.lowerBound == end else {
                throw .invalid(
                    file: file, tensor: entry.name, field: "data_offsets",
                    expected: "a start at byte \(end), where the tensor before it ends",
                    found: "\(entry.range.lowerBound)")
            }
            end = entry.range.upperBound
        }
        guard end == dataLength else {
            throw .invalid(
                file: file, tensor: "", field: "number of bytes after the header",
                expected: "\(end), the sum over all tensors,", found: "\(dataLength)")
        }
    }
}
