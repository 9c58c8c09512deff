import Foundation

extension Data {
    /// A 64-bit checksum in hexadecimal that notices torn, truncated and flipped bytes. No defence against intent.
    ///
    /// Words of eight bytes are mixed into a state by steps that are each a bijection, so that a change inside a single
    /// word is always noticed. The length enters at the end.
    var checksum: String {
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15
        func mix(_ word: UInt64) {
            state = (state ^ word) &* 0xD6E8_FEB8_6659_FD93
            state ^= state >> 32
        }
        withUnsafeBytes { bytes in
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
