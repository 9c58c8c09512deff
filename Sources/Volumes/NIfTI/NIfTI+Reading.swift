import Foundation

/// An image in the NIfTI-1 or NIfTI-2 format: voxels, and the geometry in the header.
///
/// ```swift
/// var image = try NIfTI(contentsOf: URL(filePath: "patient001_frame01.nii.gz"))
/// image.volume.voxels = image.volume.voxels.map { $0 / 255 }
/// image.datatype = .float32
/// try image.write(to: URL(filePath: "scaled.nii.gz"))
/// ```
///
/// Voxel values are the stored numbers times `scl_slope` plus `scl_inter`, computed in `Double` and rounded to `Float`.
/// The spacing is always the absolute value of `pixdim`, in millimeters, and never derived from the affine: in the ACDC
/// data set, the columns of the affine have length 1 for any spacing. Such a contradiction is one of the ``warnings``.
///
/// Source: <https://nifti.nimh.nih.gov/pub/dist/src/niftilib/nifti1.h> and `nifti2.h` in the same folder.
public struct NIfTI: Sendable, Equatable {
    /// The voxels, their size, and their spacing.
    public var volume: Volume
    /// The type of the numbers in the file that was read or will be written.
    public var datatype: Datatype
    /// The rest of the header that is preserved on reading and writing.
    public var geometry: Geometry
    /// The warnings about the file that was read; each is one sentence that names the file. Empty for most files.
    public var warnings: [String] = []

    /// Creates an image for writing.
    public init(volume: Volume, datatype: Datatype = .float32, geometry: Geometry = Geometry()) {
        self.volume = volume
        self.datatype = datatype
        self.geometry = geometry
    }
}

extension NIfTI {
    /// Creates an image by reading a `.nii` or `.nii.gz` file, or the pair to which a `.hdr` or `.img` file belongs.
    ///
    /// NIfTI-1 and NIfTI-2 are supported in either byte order, with 3 or 4 dimensions and any ``Datatype``. Every
    /// relevant field is validated before memory is allocated, and no more memory is allocated than the file's bytes
    /// can fill. Gzip members are read to their end and their checksums are verified. Extensions between header and
    /// voxels are skipped.
    ///
    /// - Parameters:
    ///   - url: The location of the file.
    ///   - maximumVoxelCount: The maximum number of voxels; a small compressed file can hold very many.
    /// - Throws: ``VolumesError``, which names the file and the field.
    public init(
        contentsOf url: URL, maximumVoxelCount: Int = NIfTI.maximumVoxelCount
    ) throws(VolumesError) {
        precondition(url.isFileURL, "\(url) is not the address of a file")
        let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 64)
        defer { scratch.deallocate() }

        let headerFile = try InputFile(Self.headerURL(of: url))
        let header = try Header(headerFile.readHeader(scratch: scratch), file: headerFile.name)
        var warnings = header.warnings

        var voxelFile = headerFile
        if header.isPair {
            // Reading the header file to its end verifies its checksums.
            _ = try headerFile.finish(scratch: scratch)
            voxelFile = try InputFile(Self.voxelURL(of: url, header: headerFile.name))
        }
        let voxels = try header.readVoxels(from: voxelFile, atMost: maximumVoxelCount, scratch: scratch)
        if let doubt = try voxelFile.finish(scratch: scratch) { warnings.append(doubt) }

        let volume = Volume(extent: header.extent, spacing: header.spacing, voxels: voxels)
        self.init(volume: volume, datatype: header.datatype, geometry: header.geometry)
        self.warnings = warnings
    }

    /// The default limit for the number of voxels, 2²⁷, which take half a gigabyte: more than a cine or a tomogram has.
    public static let maximumVoxelCount = 1 << 27

    /// Creates an image by reading a file of a data set, which may have at most 1024 slices and frames, and 16,384 slices in
    /// all frames: each is prepared for training, however few pixels it has.
    ///
    /// - Throws: ``VolumesError``, which names the file and the field.
    init(scanAt url: URL) throws(VolumesError) {
        try self.init(contentsOf: url)
        let extent = volume.extent
        guard max(extent.slices, extent.frames) <= 1024, extent.slices * extent.frames <= 16_384 else {
            throw .invalidField(
                file: url.path(percentEncoded: false), field: "dim", found: "\(extent)",
                expected: "the size of a scan: at most 1024 slices and frames, and 16384 slices in all frames")
        }
    }

    /// Returns the file that holds the header: the `.hdr` for the `.img` of a pair.
    private static func headerURL(of url: URL) -> URL {
        partner(of: url, from: "img", to: "hdr") ?? url
    }

    /// Returns the file that holds the voxels of a pair.
    private static func voxelURL(of url: URL, header: String) throws(VolumesError) -> URL {
        if partner(of: url, from: "img", to: "hdr") != nil { return url }
        guard let voxels = partner(of: url, from: "hdr", to: "img") else {
            throw .invalidField(
                file: header, field: "magic", found: "that of a pair of files",
                expected: "'n+1' or 'n+2', or the file's name must end in .hdr with an .img next to it")
        }
        return voxels
    }

    /// Returns the file with the other extension next to `url`, or `nil` if `url` does not have the first extension.
    ///
    /// It is the file with the same compression, unless only the other one exists.
    private static func partner(of url: URL, from own: String, to other: String) -> URL? {
        let isCompressed = url.pathExtension == "gz"
        let stem = isCompressed ? url.deletingPathExtension() : url
        guard stem.pathExtension == own else { return nil }
        let plain = stem.deletingPathExtension().appendingPathExtension(other)
        let compressed = plain.appendingPathExtension("gz")
        let candidates = isCompressed ? [compressed, plain] : [plain, compressed]
        return candidates.first { access($0.path, F_OK) == 0 } ?? candidates[0]
    }
}

extension InputFile {
    /// Reads the 348 bytes of a NIfTI-1 header, and the rest of the 540 bytes if its size indicates NIfTI-2.
    fileprivate func readHeader(scratch: UnsafeMutableRawBufferPointer) throws(VolumesError) -> [UInt8] {
        let (size1, size2) = NIfTI.Header.byteCounts
        var count = try read(into: UnsafeMutableRawBufferPointer(rebasing: scratch[..<size1]))
        let beginning = scratch[..<min(count, 4)]
        if beginning.elementsEqual([0x1C, 2, 0, 0]) || beginning.elementsEqual([0, 0, 2, 0x1C]) {
            count += try read(into: UnsafeMutableRawBufferPointer(rebasing: scratch[count..<size2]))
        }
        return Array(scratch[..<count])
    }
}

extension NIfTI.Header {
    /// Reads the voxels, x fastest, in chunks of the size of `scratch`.
    fileprivate func readVoxels(
        from file: InputFile, atMost maximumCount: Int, scratch: UnsafeMutableRawBufferPointer
    ) throws(VolumesError) -> [Float] {
        let (count, width) = (extent.count, datatype.byteCount)
        let promised = voxelOffset + voxelByteCount
        if promised > file.byteLimit {
            if file.isGzip {
                throw .invalidField(
                    file: file.name, field: "dim", found: "\(extent) of \(datatype) from byte \(voxelOffset) on",
                    expected: "at most \(file.byteLimit) bytes, since gzip cannot hold more in \(file.byteCount)")
            }
            throw .truncated(
                file: file.name, field: "dim, datatype and vox_offset", promisedByteCount: promised,
                foundByteCount: file.byteCount)
        }
        guard count <= maximumCount else {
            throw .invalidField(
                file: file.name, field: "dim", found: "\(extent)", expected: "at most \(maximumCount) voxels")
        }
        try file.skip(to: voxelOffset, scratch: scratch)

        var voxels: [Float] = []
        // Pages that are not written take no memory, so a compressed file that is shorter than it promises costs no more
        // than it has.
        voxels.reserveCapacity(count)
        let piece = UnsafeMutableBufferPointer<Float>.allocate(capacity: scratch.count / width)
        defer { piece.deallocate() }
        while voxels.count < count {
            let wanted = min(count - voxels.count, piece.count)
            let target = UnsafeMutableRawBufferPointer(rebasing: scratch[..<(wanted * width)])
            let found = try file.read(into: target)
            guard found == target.count else {
                throw .truncated(
                    file: file.name, field: "dim, datatype and vox_offset", promisedByteCount: promised,
                    foundByteCount: file.position)
            }
            NIfTI.decode(target, as: datatype, isBigEndian: isBigEndian, geometry: geometry, into: piece)
            voxels.append(contentsOf: UnsafeBufferPointer(rebasing: piece[..<wanted]))
        }
        return voxels
    }
}

extension NIfTI {
    /// Converts stored numbers to voxels: `slope · number + intercept` in `Double`, rounded to `Float`.
    ///
    /// `stored` is aligned to 8 bytes and holds complete numbers; it is left in the native byte order.
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
        // The conversions are spelled out per type, since generic ones do not vectorize.
        switch datatype {
        case .uint8: convert(stored, of: UInt8.self, geometry, into: voxels) { Double($0) }
        case .int8: convert(stored, of: Int8.self, geometry, into: voxels) { Double($0) }
        case .uint16: convert(stored, of: UInt16.self, geometry, into: voxels) { Double($0) }
        case .int16: convert(stored, of: Int16.self, geometry, into: voxels) { Double($0) }
        case .uint32: convert(stored, of: UInt32.self, geometry, into: voxels) { Double($0) }
        case .int32: convert(stored, of: Int32.self, geometry, into: voxels) { Double($0) }
        case .uint64: convert(stored, of: UInt64.self, geometry, into: voxels) { Double($0) }
        case .int64: convert(stored, of: Int64.self, geometry, into: voxels) { Double($0) }
        // Copied to preserve even the payload of a NaN.
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
