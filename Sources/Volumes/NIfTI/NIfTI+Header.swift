import Foundation

extension NIfTI {
    /// A header whose relevant fields have all been validated.
    struct Header {
        var extent: Volume.Extent
        var spacing: Volume.Spacing
        var datatype: Datatype
        var geometry: Geometry
        /// Whether numbers are stored with the most significant byte first.
        var isBigEndian: Bool
        /// Whether the voxels are in a second file, the `.img` of a pair.
        var isPair: Bool
        /// The offset of the first voxel in its file.
        var voxelOffset: Int
        var warnings: [String]

        /// The number of bytes that all voxels occupy in the file.
        var voxelByteCount: Int { extent.count * datatype.byteCount }

        /// The lengths in bytes of a NIfTI-1 header, and of the longer NIfTI-2 header.
        static let byteCounts = (nifti1: 348, nifti2: 540)
        /// The maximum number of voxels (4 GiB of `Float`), more than any real volume has.
        ///
        /// The limit keeps a header from exhausting memory.
        static let voxelLimit = 1 << 30
    }
}

extension NIfTI.Header {
    /// Creates a header by parsing and validating the beginning of `bytes`.
    ///
    /// The array holds 348 bytes, or 540 for NIfTI-2, unless the file ends earlier.
    init(_ bytes: [UInt8], file: String) throws(VolumesError) {
        let fields = try NIfTI.HeaderFields(bytes, file: file)
        func fault(_ field: String, _ found: String, _ expected: String) -> VolumesError {
            .invalidField(file: file, field: field, found: found, expected: expected)
        }
        isBigEndian = fields.isBigEndian
        isPair = fields.isPair
        warnings = []

        let dimensionCount = fields.extent(0)
        guard dimensionCount == 3 || dimensionCount == 4 else {
            throw fault("dim[0]", "\(dimensionCount)", "3 or 4, the number of dimensions")
        }
        var extents = [1, 1, 1, 1]
        for axis in 1...Int(dimensionCount) {
            let found = fields.extent(axis)
            guard 1...32767 ~= found else { throw fault("dim[\(axis)]", "\(found)", "in 1...32767") }
            extents[axis - 1] = Int(found)
        }
        extent = Volume.Extent(x: extents[0], y: extents[1], slices: extents[2], frames: extents[3])
        // Four factors below 2^15 stay below 2^60.
        guard extent.count <= Self.voxelLimit else {
            throw fault("dim", "\(extent) = \(extent.count) voxels", "at most \(Self.voxelLimit) voxels")
        }

        let code = fields.datatype
        guard let datatype = NIfTI.Datatype(rawValue: code) else {
            let known = NIfTI.Datatype.allCases.map { "\($0.rawValue) (\($0))" }.joined(separator: ", ")
            throw fault("datatype", "\(code)", "one of \(known)")
        }
        self.datatype = datatype
        let bits = fields.bitsPerVoxel
        guard Int(bits) == 8 * datatype.byteCount else {
            throw fault("bitpix", "\(bits)", "\(8 * datatype.byteCount), the size of datatype \(datatype)")
        }

        let first = fields.isPair ? 0 : fields.byteCount + 4
        let offset = fields.voxelOffset
        // The bound excludes NaN and infinity, and keeps the sum with the voxels' bytes far from overflow.
        guard offset >= Double(first), offset <= 0x1p50, offset == offset.rounded() else {
            throw fault("vox_offset", "\(offset)", "a whole number of at least \(first) that lies in the file")
        }
        voxelOffset = Int(offset)

        geometry = try fields.geometry(dimensionCount: Int(dimensionCount), fault: fault)
        var spacings = [0.0, 0, 0]
        for axis in 1...3 {
            let found = fields.spacing(axis)
            let millimetres = abs(found) * geometry.millimetres
            guard millimetres.isFinite, millimetres > 0 else {
                throw fault("pixdim[\(axis)]", "\(found)", "a finite spacing other than 0")
            }
            spacings[axis - 1] = millimetres
        }
        spacing = Volume.Spacing(x: spacings[0], y: spacings[1], slice: spacings[2])
        if let doubt = geometry.disagreement(with: spacing) { warnings.append("\(file): \(doubt)") }
    }
}

extension NIfTI.Geometry {
    /// Returns a warning that names the lengths of the affine's columns and the spacing if they differ; `nil`
    /// otherwise.
    fileprivate func disagreement(with spacing: Volume.Spacing) -> String? {
        if sformCode <= 0 || affineAgrees(with: spacing) { return nil }
        let columns = affineSpacing * millimetres
        let wanted = SIMD3(spacing.x, spacing.y, spacing.slice)
        func text(_ lengths: SIMD3<Double>) -> String {
            (0..<3).map { "\((lengths[$0] * 1e4).rounded() / 1e4)" }.joined(separator: " × ")
        }
        return "the columns of sform are \(text(columns)) mm long, but pixdim says \(text(wanted)) mm; "
            + "the spacing is taken from pixdim, and sform gives no orientation"
    }
}

extension NIfTI {
    /// The fields of a NIfTI-1 or NIfTI-2 header by name, in either byte order, not yet validated.
    ///
    /// Source: the structures `nifti_1_header` (348 bytes) and `nifti_2_header` (540 bytes) of nifti1.h and nifti2.h.
    struct HeaderFields {
        private let bytes: [UInt8]
        private let isVersion2: Bool
        let isBigEndian: Bool
        let isPair: Bool

        /// Creates the fields by detecting the version, the byte order, and whether there is a second file.
        init(_ bytes: [UInt8], file: String) throws(VolumesError) {
            let (size1, size2) = Header.byteCounts
            guard bytes.count >= size1 else {
                throw .truncated(
                    file: file, field: "sizeof_hdr", promisedByteCount: size1, foundByteCount: bytes.count)
            }
            let little = Self.integer(bytes, at: 0, isBigEndian: false, as: Int32.self)
            let size: Int
            switch little {
            case Int32(size1), Int32(size2): (size, isBigEndian) = (Int(little), false)
            case Int32(size1).byteSwapped, Int32(size2).byteSwapped:
                (size, isBigEndian) = (Int(little.byteSwapped), true)
            default:
                throw .notNIfTI(file: file, reason: "sizeof_hdr is \(little) instead of \(size1) or \(size2)")
            }
            guard bytes.count >= size else {
                throw .truncated(
                    file: file, field: "sizeof_hdr", promisedByteCount: size, foundByteCount: bytes.count)
            }
            isVersion2 = size == size2
            let magic = isVersion2 ? Array(bytes[4..<12]) : Array(bytes[344..<348])
            let digit = isVersion2 ? "2" : "1"
            let tail: [UInt8] = isVersion2 ? [0, 0x0D, 0x0A, 0x1A, 0x0A] : [0]
            if magic == Array("n+\(digit)".utf8) + tail {
                isPair = false
            } else if magic == Array("ni\(digit)".utf8) + tail {
                isPair = true
            } else {
                let found = magic.prefix(4).map { 0x20...0x7E ~= $0 ? String(UnicodeScalar($0)) : "." }.joined()
                throw .notNIfTI(
                    file: file,
                    reason: "magic is '\(found)' instead of 'n+\(digit)' or 'ni\(digit)' (an Analyze 7.5 file has none)"
                )
            }
            self.bytes = bytes
        }

        /// The number of bytes in the header itself.
        var byteCount: Int { isVersion2 ? Header.byteCounts.nifti2 : Header.byteCounts.nifti1 }
        /// `dim[index]`.
        func extent(_ index: Int) -> Int64 {
            isVersion2 ? integer(at: 16 + 8 * index) : Int64(integer(at: 40 + 2 * index, as: Int16.self))
        }
        /// `datatype`.
        var datatype: Int16 { integer(at: isVersion2 ? 12 : 70) }
        /// `bitpix`.
        var bitsPerVoxel: Int16 { integer(at: isVersion2 ? 14 : 72) }
        /// `pixdim[index]`.
        func spacing(_ index: Int) -> Double { isVersion2 ? float(at: 104 + 8 * index) : float(at: 76 + 4 * index) }
        /// `vox_offset`, a floating-point number in NIfTI-1.
        var voxelOffset: Double { isVersion2 ? Double(integer(at: 168, as: Int64.self)) : float(at: 108) }

        /// Returns the fields that are preserved on reading and writing; `fault` creates the error for an invalid
        /// field.
        func geometry(
            dimensionCount: Int, fault: (String, String, String) -> VolumesError
        ) throws(VolumesError) -> Geometry {
            var geometry = Geometry()
            geometry.dimensionCount = dimensionCount
            geometry.qfac = spacing(0)
            geometry.frameSpacing = spacing(4)
            geometry.unitsCode = bytes[isVersion2 ? (isBigEndian ? 503 : 500) : 123]
            geometry.qformCode = code(at: isVersion2 ? 344 : 252)
            geometry.sformCode = code(at: isVersion2 ? 348 : 254)
            let floats = isVersion2 ? 352 : 256
            let width = isVersion2 ? 8 : 4
            func value(_ index: Int) -> Double { float(at: floats + width * index) }
            geometry.quaternion = SIMD3(value(0), value(1), value(2))
            geometry.quaternionOffset = SIMD3(value(3), value(4), value(5))
            geometry.affineX = SIMD4(value(6), value(7), value(8), value(9))
            geometry.affineY = SIMD4(value(10), value(11), value(12), value(13))
            geometry.affineZ = SIMD4(value(14), value(15), value(16), value(17))
            let text = bytes[(isVersion2 ? 240 : 148)...].prefix(80).prefix { $0 != 0 }
            geometry.text = String(decoding: text, as: UTF8.self)
            let slope = float(at: isVersion2 ? 176 : 112)
            let intercept = float(at: isVersion2 ? 184 : 116)
            if slope.isFinite && slope != 0 {
                guard intercept.isFinite else {
                    throw fault("scl_inter", "\(intercept)", "finite, because scl_slope is \(slope)")
                }
                (geometry.slope, geometry.intercept) = (slope, intercept)
            }
            return geometry
        }

        private func code(at offset: Int) -> Int16 {
            isVersion2 ? Int16(clamping: integer(at: offset, as: Int32.self)) : integer(at: offset)
        }

        private func float(at offset: Int) -> Double {
            isVersion2
                ? Double(bitPattern: integer(at: offset)) : Double(Float(bitPattern: integer(at: offset)))
        }

        private func integer<Value: FixedWidthInteger>(at offset: Int, as type: Value.Type = Value.self) -> Value {
            Self.integer(bytes, at: offset, isBigEndian: isBigEndian, as: type)
        }

        private static func integer<Value: FixedWidthInteger>(
            _ bytes: [UInt8], at offset: Int, isBigEndian: Bool, as type: Value.Type
        ) -> Value {
            let width = Value.bitWidth / 8
            return bytes.withUnsafeBytes { all in
                let raw = UnsafeRawBufferPointer(rebasing: all[offset..<offset + width]).loadUnaligned(as: Value.self)
                return isBigEndian ? Value(bigEndian: raw) : Value(littleEndian: raw)
            }
        }
    }
}
