extension NIfTI {
    /// Turns voxels into stored numbers, little-endian; stops at the first that does not fit and returns it.
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
        // Reading rounds the largest 32-bit and 64-bit integers up to a power of two, so that they come back as a number
        // that is one too large: it stands for the largest.
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
