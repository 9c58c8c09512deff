import Foundation

extension NIfTI {
    /// Writes a little-endian NIfTI-1 file, compressed with gzip if the name ends in `.gz`.
    ///
    /// Voxels are stored as ``datatype``. For an integer type, `(voxel - intercept) / slope` is computed in `Double`
    /// and rounded to the nearest integer, ties to even; a floating-point type stores the voxel values themselves,
    /// without slope and intercept. The lengths in `pixdim` come from `volume.spacing`, and all other fields from
    /// ``geometry``. The file is written atomically, and the same image always gives the same bytes.
    ///
    /// - Throws: ``VolumesError/unrepresentable(file:value:datatype:)`` for a voxel beyond the integer type's range,
    ///   ``VolumesError/invalidField(file:field:found:expected:)`` for a size or a spacing that NIfTI-1 cannot express,
    ///   ``VolumesError/unwritable(file:reason:)``.
    public func write(to url: URL) throws(VolumesError) {
        precondition(url.isFileURL, "\(url) is not the address of a file")
        precondition(
            volume.voxels.count == volume.extent.count,
            "\(volume.voxels.count) voxels do not fill a volume of \(volume.extent)")
        let header = try encodedHeader(file: url.relativePath)
        var output = try OutputFile(url)
        try header.withUnsafeBufferPointer { (bytes) throws(VolumesError) in
            try output.write(UnsafeRawBufferPointer(bytes))
        }

        let pieceCount = 1 << 16
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: pieceCount * datatype.byteCount, alignment: 64)
        defer { piece.deallocate() }
        try volume.voxels.withUnsafeBufferPointer { (voxels) throws(VolumesError) in
            for start in stride(from: 0, to: voxels.count, by: pieceCount) {
                let part = UnsafeBufferPointer(rebasing: voxels[start..<min(start + pieceCount, voxels.count)])
                if let voxel = Self.encode(part, as: datatype, geometry: geometry, into: piece) {
                    throw .unrepresentable(file: url.relativePath, value: "\(voxel)", datatype: datatype)
                }
                try output.write(UnsafeRawBufferPointer(rebasing: piece[..<(part.count * datatype.byteCount)]))
            }
        }
        try output.commit()
    }

    /// Returns the 348 bytes of the header, and 4 bytes that indicate that no extension follows.
    private func encodedHeader(file: String) throws(VolumesError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 352)
        func put(_ value: some FixedWidthInteger, at offset: Int) {
            withUnsafeBytes(of: value.littleEndian) { bytes.replaceSubrange(offset..<offset + $0.count, with: $0) }
        }
        func put(_ value: Double, at offset: Int) { put(Float(value).bitPattern, at: offset) }
        func put(_ text: String, at offset: Int) {
            bytes.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8)
        }

        let extent = volume.extent
        let extents = [extent.x, extent.y, extent.slices, extent.frames]
        for (axis, count) in extents.enumerated() {
            guard 1...32767 ~= count else {
                throw .invalidField(file: file, field: "dim[\(axis + 1)]", found: "\(count)", expected: "in 1...32767")
            }
        }
        let spacings = [volume.spacing.x, volume.spacing.y, volume.spacing.slice]
        for (axis, spacing) in spacings.enumerated() {
            let stored = Float(spacing / geometry.millimetres)
            guard stored.isFinite, stored > 0 else {
                throw .invalidField(
                    file: file, field: "pixdim[\(axis + 1)]", found: "\(spacing) mm",
                    expected: "a finite positive spacing")
            }
            put(stored.bitPattern, at: 80 + 4 * axis)
        }

        put(Int32(348), at: 0)
        put(UInt8(ascii: "r"), at: 38)
        put(Int16(extent.frames > 1 || geometry.dimensionCount == 4 ? 4 : 3), at: 40)
        for axis in 1...7 { put(Int16(axis <= 4 ? extents[axis - 1] : 1), at: 40 + 2 * axis) }
        put(datatype.rawValue, at: 70)
        put(Int16(8 * datatype.byteCount), at: 72)
        put(geometry.qfac, at: 76)
        put(geometry.frameSpacing, at: 92)
        put(352.0, at: 108)
        let isScaled = datatype.isInteger && geometry.isScaled
        if isScaled {
            let (slope, intercept) = geometry.storedScale
            guard slope.isFinite, slope != 0, intercept.isFinite else {
                throw .invalidField(
                    file: file, field: "scl_slope", found: "\(geometry.slope) with scl_inter \(geometry.intercept)",
                    expected: "finite and not 0 in single precision")
            }
        }
        put(isScaled ? geometry.slope : 1, at: 112)
        put(isScaled ? geometry.intercept : 0, at: 116)
        put(geometry.unitsCode, at: 123)
        var text = geometry.text
        while text.utf8.count > 80 { text.removeLast() }
        put(text, at: 148)
        put(geometry.qformCode, at: 252)
        put(geometry.sformCode, at: 254)
        for axis in 0..<3 {
            put(geometry.quaternion[axis], at: 256 + 4 * axis)
            put(geometry.quaternionOffset[axis], at: 268 + 4 * axis)
        }
        for (row, values) in [geometry.affineX, geometry.affineY, geometry.affineZ].enumerated() {
            for column in 0..<4 { put(values[column], at: 280 + 16 * row + 4 * column) }
        }
        put("n+1", at: 344)
        return bytes
    }
}

extension NIfTI {
    /// Converts voxels to little-endian stored numbers; stops at the first voxel that does not fit and returns it.
    static func encode(
        _ voxels: UnsafeBufferPointer<Float>, as datatype: Datatype, geometry: Geometry,
        into stored: UnsafeMutableRawBufferPointer
    ) -> Float? {
        precondition(
            voxels.count * datatype.byteCount <= stored.count,
            "\(voxels.count) numbers of \(datatype) do not fit \(stored.count) bytes")
        switch datatype {
        case .uint8: return convert(voxels, to: UInt8.self, geometry, into: stored)
        case .int8: return convert(voxels, to: Int8.self, geometry, into: stored)
        case .uint16: return convert(voxels, to: UInt16.self, geometry, into: stored)
        case .int16: return convert(voxels, to: Int16.self, geometry, into: stored)
        case .uint32: return convert(voxels, to: UInt32.self, geometry, into: stored)
        case .int32: return convert(voxels, to: Int32.self, geometry, into: stored)
        case .uint64: return convert(voxels, to: UInt64.self, geometry, into: stored)
        case .int64: return convert(voxels, to: Int64.self, geometry, into: stored)
        case .float32:
            for (i, voxel) in voxels.enumerated() {
                stored.storeBytes(of: voxel.bitPattern.littleEndian, toByteOffset: 4 * i, as: UInt32.self)
            }
        case .float64:
            for (i, voxel) in voxels.enumerated() {
                stored.storeBytes(of: Double(voxel).bitPattern.littleEndian, toByteOffset: 8 * i, as: UInt64.self)
            }
        }
        return nil
    }

    @inline(__always)
    private static func convert<Stored: FixedWidthInteger>(
        _ voxels: UnsafeBufferPointer<Float>, to type: Stored.Type, _ geometry: Geometry,
        into stored: UnsafeMutableRawBufferPointer
    ) -> Float? {
        let (slope, intercept) = geometry.isScaled ? geometry.storedScale : (1, 0)
        let least = Double(Stored.min)
        let greatest = Double(Stored.max)
        // Reading rounds the largest 32-bit and 64-bit integers up to a power of two, one more than the type can hold;
        // that value is stored as the largest integer.
        let limit = Double(Float(Stored.max))
        for (i, voxel) in voxels.enumerated() {
            let number = ((Double(voxel) - intercept) / slope).rounded(.toNearestOrEven)
            guard number >= least && number <= limit else { return voxel }
            let integer = number >= greatest ? Stored.max : Stored(number)
            stored.storeBytes(of: integer.littleEndian, toByteOffset: i * MemoryLayout<Stored>.size, as: Stored.self)
        }
        return nil
    }
}
