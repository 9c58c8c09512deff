import COpenSSL
import Foundation

/// SHA-256, by OpenSSL.
///
/// Source: FIPS 180-4; RFC 2104 for the authentication code.
package enum SHA256 {
    /// Returns the 32 bytes of the hash.
    package static func hash(_ data: Data) -> Data {
        var digest = Data(count: Int(SHA256_DIGEST_LENGTH))
        digest.withUnsafeMutableBytes { digest in
            data.withUnsafeBytes { data in
                _ = COpenSSL.SHA256(
                    data.assumingMemoryBound(to: UInt8.self).baseAddress, data.count,
                    digest.assumingMemoryBound(to: UInt8.self).baseAddress)
            }
        }
        return digest
    }

    /// Returns the 32 bytes of the keyed hash, HMAC.
    package static func authenticationCode(for data: Data, key: Data) -> Data {
        var code = Data(count: Int(SHA256_DIGEST_LENGTH))
        code.withUnsafeMutableBytes { code in
            key.withUnsafeBytes { key in
                data.withUnsafeBytes { data in
                    _ = HMAC(
                        EVP_sha256(), key.baseAddress, Int32(key.count),
                        data.assumingMemoryBound(to: UInt8.self).baseAddress, data.count,
                        code.assumingMemoryBound(to: UInt8.self).baseAddress, nil)
                }
            }
        }
        return code
    }
}

extension Data {
    /// The hexadecimal representation, with two lowercase digits per byte.
    package var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
