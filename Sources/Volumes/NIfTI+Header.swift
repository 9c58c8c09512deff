import Foundation

extension NIfTI {
    /// A header whose every field that is used has been checked.
    struct Header {
        var extent: Volume.Extent
        var spacing: Volume.Spacing
        var datatype: Datatype
        var geometry: Geometry
        /// Whether the numbers are stored most significant byte first.
        var isBigEndian: Bool
        /// Whether the voxels are in a second file, the `.img` of a pair.
        var isPair: Bool
        /// Where in its file the first voxel begins.
        var voxelOffset: Int
        var warnings: [String]

        /// Bytes that all voxels occupy in the file.
        var voxelByteCount: Int { extent.count * datatype.byteCount }

        /// Length in bytes of a NIfTI-1 header, and of the longer NIfTI-2 header.
        static let byteCounts = (nifti1: 348, nifti2: 540)
        /// More voxels than any volume has (4 GiB of `Float`), so that a header cannot ask for all memory.
        static let voxelLimit = 1 << 30
    }
}

extension NIfTI.Header {
    /// Reads and checks the header at the beginning of `bytes`, of which there are 348, or 540 of NIfTI-2, unless the file ends.
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
    /// What to say where the affine's columns are not as long as the spacing: the sentence names both.
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
