#if Flower
import Crypto
import Foundation

/// The proof that a process knows the secret of its SuperLink or SuperNode, which goes with the request for a task.
///
/// Source: flwr 1.39 to 1.42, "SuperExec authentication", which Flower calls experimental.
struct SuperExecSignature {
    private let key: SymmetricKey

    /// Signatures by a secret.
    init(secret: Data) {
        let purpose = Data("superexec-auth-v1".utf8)
        key = SymmetricKey(
            data: Data(HMAC<SHA256>.authenticationCode(for: purpose, using: SymmetricKey(data: secret))))
    }

    /// The headers for a request.
    ///
    /// - Parameters:
    ///   - time: seconds since 1970; the peer accepts 5 s in its future and 305 s in its past.
    ///   - nonce: 32 hexadecimal digits, which the peer accepts once.
    func headers(method: String, body: Data, time: Int, nonce: String) -> [(name: String, value: String)] {
        let digest = Data(SHA256.hash(data: body)).hexadecimal
        let text = "method=\(method)\nts=\(time)\nnonce=\(nonce)\nbody_sha256=\(digest)"
        let signature = Data(HMAC<SHA256>.authenticationCode(for: Data(text.utf8), using: key)).hexadecimal
        return [
            ("flwr-superexec-ts", "\(time)"), ("flwr-superexec-nonce", nonce),
            ("flwr-superexec-body-sha256", digest), ("flwr-superexec-signature", signature),
        ]
    }

    /// A nonce that was not used before.
    static func nonce() -> String {
        SymmetricKey(size: .bits128).withUnsafeBytes { Data($0).hexadecimal }
    }
}

extension Data {
    /// Two lowercase digits a byte.
    package var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
#endif
