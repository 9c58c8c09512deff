import Foundation

/// The header of a NumPy file: a Python dictionary of type, order, and shape.
struct NumPyHeader {
    static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

    let dtype: NumPyArray.DType
    let shape: [Int]
    /// The number of bytes before the elements.
    let length: Int

    init(_ npy: Data) throws(FlowerError) {
        let start = [UInt8](npy.prefix(12))
        guard start.count >= 10, start.starts(with: Self.magic) else { throw Self.fault("it does not begin as one") }
        let (count, offset): (Int, Int)
        switch (start[6], start[7]) {
        case (1, 0): (count, offset) = (Int(start[8]) | Int(start[9]) << 8, 10)
        case (2, 0) where start.count == 12:
            (count, offset) = (start[8...].reversed().reduce(0) { $0 << 8 | Int($1) }, 12)
        default: throw Self.fault("version \(start[6]).\(start[7]) of the format is not read, or it ends early")
        }
        guard count <= NumPyArray.maximumHeader, count <= npy.count - offset else {
            throw Self.fault("a header of \(count) bytes is longer than the file or \(NumPyArray.maximumHeader) bytes")
        }
        var scanner = Scanner(bytes: [UInt8](npy.dropFirst(offset).prefix(count)))
        let fields = try scanner.dictionary()
        guard let descr = fields.descr, let fortranOrder = fields.fortranOrder, let shape = fields.shape else {
            throw Self.fault("its header lacks one of descr, fortran_order and shape")
        }
        guard let dtype = NumPyArray.DType.allCases.first(where: { $0.descr == descr }) else {
            throw Self.fault("elements of type \(JSONText.quoted(descr)) are not read")
        }
        guard !fortranOrder else {
            throw Self.fault("it is in Fortran order; send numpy.ascontiguousarray of it")
        }
        (self.dtype, self.shape, length) = (dtype, shape, offset + count)
    }

    private static func fault(_ reason: String) -> FlowerError {
        .malformed(what: "a NumPy array", reason: reason)
    }

    /// A scanner for the few Python literals that occur in a header.
    private struct Scanner {
        let bytes: [UInt8]
        var position = 0

        struct Fields {
            var descr: String?
            var fortranOrder: Bool?
            var shape: [Int]?
        }

        func fault(_ expected: String) -> FlowerError {
            NumPyHeader.fault("its header should have \(expected) at byte \(position)")
        }

        mutating func dictionary() throws(FlowerError) -> Fields {
            var fields = Fields()
            guard accept("{") else { throw fault("{") }
            while !accept("}") {
                let key = try string()
                guard accept(":") else { throw fault(":") }
                switch key {
                case "descr" where fields.descr == nil: fields.descr = try string()
                case "fortran_order" where fields.fortranOrder == nil: fields.fortranOrder = try truth()
                case "shape" where fields.shape == nil: fields.shape = try tuple()
                default: throw fault("descr, fortran_order and shape, once each, before the value")
                }
                guard accept(",") || next == UInt8(ascii: "}") else { throw fault(", or }") }
            }
            skipSpace()
            guard position == bytes.count else { throw fault("nothing more") }
            return fields
        }

        private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

        private mutating func skipSpace() {
            while let byte = next, byte == 0x20 || byte == 0x0A { position += 1 }
        }

        /// Skips `word` and surrounding whitespace if it comes next.
        private mutating func accept(_ word: String) -> Bool {
            skipSpace()
            guard bytes[position...].starts(with: word.utf8) else { return false }
            position += word.utf8.count
            skipSpace()
            return true
        }

        private mutating func string() throws(FlowerError) -> String {
            skipSpace()
            guard let quote = next, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
                throw fault("a string")
            }
            guard let end = bytes[(position + 1)...].firstIndex(of: quote),
                let text = String(validating: bytes[(position + 1)..<end], as: UTF8.self), !text.contains("\\")
            else { throw fault("a string without escapes") }
            position = end + 1
            return text
        }

        private mutating func truth() throws(FlowerError) -> Bool {
            if accept("True") { return true }
            if accept("False") { return false }
            throw fault("True or False")
        }

        /// Reads the sizes of a shape in parentheses; a single one is followed by a comma.
        private mutating func tuple() throws(FlowerError) -> [Int] {
            guard accept("(") else { throw fault("(") }
            var extents: [Int] = []
            var hasComma = false
            while !accept(")") {
                guard extents.isEmpty || hasComma else { throw fault(", or )") }
                guard extents.count < NumPyArray.maximumRank else {
                    throw fault("at most \(NumPyArray.maximumRank) extents")
                }
                extents.append(try extent())
                hasComma = accept(",")
            }
            guard extents.count != 1 || hasComma else { throw fault("a comma in the tuple before") }
            return extents
        }

        private mutating func extent() throws(FlowerError) -> Int {
            let digits = bytes[position...].prefix { (0x30...0x39).contains($0) }
            guard !digits.isEmpty, let extent = Int(String(decoding: digits, as: UTF8.self)) else {
                throw fault("a number below 2^63")
            }
            position += digits.count
            return extent
        }
    }
}
