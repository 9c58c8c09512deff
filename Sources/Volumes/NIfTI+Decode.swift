extension NIfTI {
    /// Turns stored numbers into voxels: `slope · number + intercept` in `Double`, rounded to `Float`.
    ///
    /// `stored` is aligned to 8 bytes and holds whole numbers; it is left in the machine's byte order.
    static func decode(
        _ stored: UnsafeMutableRawBufferPointer, as datatype: Datatype, isBigEndian: Bool, geometry: Geometry,
        into voxels: UnsafeMutableBufferPointer<Float>
    ) {
        switch datatype.byteCount {
        case 2: orderBytes(stored, of: UInt16.self, isBigEndian: isBigEndian)
        case 4: orderBytes(stored, of: UInt32.self, isBigEndian: isBigEndian)
        case 8: orderBytes(stored, of: UInt64.self, isBigEndian: isBigEndian)
        default: break
        }
        // The conversions are spelled out for each type, since the generic ones do not vectorise.
        switch datatype {
        case .uint8: convert(stored, of: UInt8.self, geometry, into: voxels) { Double($0) }
        case .int8: convert(stored, of: Int8.self, geometry, into: voxels) { Double($0) }
        case .uint16: convert(stored, of: UInt16.self, geometry, into: voxels) { Double($0) }
        case .int16: convert(stored, of: Int16.self, geometry, into: voxels) { Double($0) }
        case .uint32: convert(stored, of: UInt32.self, geometry, into: voxels) { Double($0) }
        case .int32: convert(stored, of: Int32.self, geometry, into: voxels) { Double($0) }
        case .uint64: convert(stored, of: UInt64.self, geometry, into: voxels) { Double($0) }
        case .int64: convert(stored, of: Int64.self, geometry, into: voxels) { Double($0) }
        // Copied, so that not even the payload of a NaN changes.
        case .float32 where !geometry.isScaled: UnsafeMutableRawBufferPointer(voxels).copyMemory(from: .init(stored))
        case .float32: convert(stored, of: Float.self, geometry, into: voxels) { Double($0) }
        case .float64: convert(stored, of: Double.self, geometry, into: voxels) { $0 }
        }
    }

    @inline(__always)
    private static func convert<Stored>(
        _ stored: UnsafeMutableRawBufferPointer, of type: Stored.Type, _ geometry: Geometry,
        into voxels: UnsafeMutableBufferPointer<Float>, value: (Stored) -> Double
    ) {
        let count = stored.count / MemoryLayout<Stored>.size
        precondition(count <= voxels.count, "\(count) numbers do not fit \(voxels.count) voxels")
        guard count > 0, let input = stored.baseAddress?.assumingMemoryBound(to: Stored.self),
            let output = voxels.baseAddress
        else { return }
        if geometry.isScaled {
            let (slope, intercept) = (geometry.slope, geometry.intercept)
            for i in 0..<count { output[i] = Float(value(input[i]) * slope + intercept) }
        } else {
            for i in 0..<count { output[i] = Float(value(input[i])) }
        }
    }

    private static func orderBytes<Word: FixedWidthInteger>(
        _ stored: UnsafeMutableRawBufferPointer, of type: Word.Type, isBigEndian: Bool
    ) {
        guard let words = stored.baseAddress?.assumingMemoryBound(to: Word.self) else { return }
        for i in 0..<stored.count / MemoryLayout<Word>.size {
            words[i] = isBigEndian ? Word(bigEndian: words[i]) : Word(littleEndian: words[i])
        }
    }
}
