import CZlib
import Foundation

/// Checksums that detect torn, truncated, and flipped bytes. They offer no protection against intentional changes.
package enum Checksum {
    /// Returns the CRC-32 of zlib, formatted as `crc32:` and eight hexadecimal digits.
    package static func crc32(_ data: Data) -> String {
        let value = data.withUnsafeBytes { bytes in
            CZlib.crc32_z(0, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count)
        }
        let digits = String(value, radix: 16)
        return "crc32:" + String(repeating: "0", count: 8 - digits.count) + digits
    }

    /// Returns whether data matches a checksum, written by this version or an earlier one.
    package static func matches(_ data: Data, _ checksum: String) -> Bool {
        (checksum.hasPrefix("crc32:") ? crc32(data) : mixed(data)) == checksum
    }

    /// Returns the checksum used by versions before 0.3: eight-byte words, mixed into a 64-bit state.
    private static func mixed(_ data: Data) -> String {
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15
        func mix(_ word: UInt64) {
            state = (state ^ word) &* 0xD6E8_FEB8_6659_FD93
            state ^= state >> 32
        }
        data.withUnsafeBytes { bytes in
            let whole = bytes.count & ~7
            for offset in stride(from: 0, to: whole, by: 8) {
                mix(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
            }
            var last: UInt64 = 0
            for offset in whole..<bytes.count { last |= UInt64(bytes[offset]) << (8 * (offset - whole)) }
            mix(last)
            mix(UInt64(bytes.count))
        }
        return String(state, radix: 16)
    }
}
