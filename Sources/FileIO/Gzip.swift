import CZlib

/// Inflates the members of a gzip file in sequence, verifying the CRC-32 and the size of each.
///
/// Source: RFC 1952; zlib's manual, `inflate`.
package final class Inflater {
    /// The first two bytes of every member.
    package static let magic: (UInt8, UInt8) = (0x1F, 0x8B)

    private let file: String
    // zlib keeps a pointer back to the stream, so it must not move.
    private let stream: UnsafeMutablePointer<z_stream>
    private let input: UnsafeMutableRawBufferPointer
    private var isAtEnd = false
    /// The number of bytes, not all of them zero, that follow the last member; 0 if there are none.
    package private(set) var trailingByteCount = 0

    package init(file: String) {
        self.file = file
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        input = .allocate(byteCount: 1 << 16, alignment: 64)
        let status = czlib_inflate_init(stream, 15 + 16)
        precondition(status == Z_OK, "zlib cannot start to inflate: status \(status)")
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
        input.deallocate()
    }

    package typealias Source = (UnsafeMutableRawBufferPointer) throws(FileError) -> Int

    /// Fills `target` with inflated bytes and returns their number, which is less than its size if the last member
    /// ends.
    package func read(into target: UnsafeMutableRawBufferPointer, from source: Source) throws(FileError) -> Int {
        var filled = 0
        while filled < target.count && !isAtEnd {
            if stream.pointee.avail_in == 0 { try refill(from: source) }
            let room = UInt32(clamping: target.count - filled)
            stream.pointee.next_out = (target.baseAddress! + filled).assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_out = room
            let status = inflate(stream, Z_NO_FLUSH)
            filled += Int(room - stream.pointee.avail_out)
            switch status {
            case Z_OK: break
            case Z_STREAM_END: try startNextMember(from: source)
            // There is room for output, so input is missing, and the file has no more.
            case Z_BUF_ERROR: throw fault("deflate data", "the file ends in the middle of it")
            default: throw fault(status)
            }
        }
        return filled
    }

    /// Moves the remaining input to the front and reads the file's next bytes after it.
    private func refill(from source: Source) throws(FileError) {
        let left = Int(stream.pointee.avail_in)
        if left > 0 { input.baseAddress!.copyMemory(from: stream.pointee.next_in, byteCount: left) }
        let count = try source(UnsafeMutableRawBufferPointer(rebasing: input[left...]))
        stream.pointee.next_in = input.baseAddress!.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_in = UInt32(left + count)
    }

    private func startNextMember(from source: Source) throws(FileError) {
        if stream.pointee.avail_in < 2 { try refill(from: source) }
        let next = UnsafeBufferPointer(start: stream.pointee.next_in, count: Int(stream.pointee.avail_in))
        if next.count >= 2 && (next[0], next[1]) == Self.magic {
            inflateReset(stream)
            return
        }
        isAtEnd = true
        var isPadding = true
        var count = 0
        while stream.pointee.avail_in > 0 {
            let rest = UnsafeBufferPointer(start: stream.pointee.next_in, count: Int(stream.pointee.avail_in))
            isPadding = isPadding && rest.allSatisfy { $0 == 0 }
            count += rest.count
            stream.pointee.avail_in = 0
            try refill(from: source)
        }
        trailingByteCount = isPadding ? 0 : count
    }

    private func fault(_ status: Int32) -> FileError {
        let message = stream.pointee.msg.map { String(cString: $0) } ?? "zlib reports status \(status)"
        return switch message {
        case "incorrect data check": fault("CRC-32", "it does not belong to the inflated bytes")
        case "incorrect length check": fault("ISIZE", "it is not the number of inflated bytes")
        case "incorrect header check", "unknown compression method", "unknown header flags set", "header crc mismatch":
            fault("gzip header", message)
        default: fault("deflate data", message)
        }
    }

    private func fault(_ field: String, _ reason: String) -> FileError {
        .damagedGzip(path: file, field: field, reason: reason)
    }
}

/// Deflates bytes into one gzip member that is reproducible, because it contains no name and no time.
///
/// Level 4 takes a third of the time of zlib's default, 6, and makes an image from a scanner 1 % longer.
package final class Deflater {
    private let stream: UnsafeMutablePointer<z_stream>
    private let output: UnsafeMutableRawBufferPointer

    package init() {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        output = .allocate(byteCount: 1 << 16, alignment: 64)
        let status = czlib_deflate_init(stream, 4, 15 + 16)
        precondition(status == Z_OK, "zlib cannot start to deflate: status \(status)")
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
        output.deallocate()
    }

    package typealias Sink = (UnsafeRawBufferPointer) throws(FileError) -> Void

    /// Deflates `bytes`, the last ones if `isLast`, and passes the result to `sink` in chunks.
    package func write(_ bytes: UnsafeRawBufferPointer, isLast: Bool, to sink: Sink) throws(FileError) {
        precondition(bytes.count <= Int(UInt32.max), "\(bytes.count) bytes are too many for one call")
        stream.pointee.next_in = UnsafeMutablePointer(
            mutating: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
        stream.pointee.avail_in = UInt32(bytes.count)
        repeat {
            stream.pointee.next_out = output.baseAddress!.assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_out = UInt32(output.count)
            let status = deflate(stream, isLast ? Z_FINISH : Z_NO_FLUSH)
            precondition(status != Z_STREAM_ERROR, "zlib lost its state")
            try sink(UnsafeRawBufferPointer(rebasing: output[..<(output.count - Int(stream.pointee.avail_out))]))
        } while stream.pointee.avail_out == 0
    }
}
