import COpenSSL
import Foundation

/// The address of Flower, and the credentials for mutual authentication.
///
/// A client connects to the SuperNode of its site, by default `http://127.0.0.1:9094`; the server connects to the
/// SuperLink, port 8000.
public struct FlowerEndpoint: Sendable {
    /// The address: `http://` or `https://`, host, and port, without a path.
    public let address: String
    /// The certificates in PEM of the authorities that sign the peer's; `nil` for the system's authorities.
    let authority: Data?
    /// The secret that authorizes this process to take tasks: the contents of the peer's
    /// `--superexec-auth-secret-file`.
    let secret: Data?

    /// Creates an endpoint at an address.
    ///
    /// - Parameters:
    ///   - address: The address, such as `https://flower.example.org:8000`.
    ///   - certificateAuthority: The path of a PEM file.
    ///   - secretFile: The path of the secret file with which the peer was started.
    ///   - allowsPlaintext: Whether `http` may leave this machine, where everybody on the way can read and change it.
    /// - Throws: `FlowerError.malformed` if the address is invalid, a PEM file has no certificate, or others can read the
    ///   secret; `FlowerError.unreadable` if a file cannot be read.
    public init(
        address: String, certificateAuthority: String? = nil, secretFile: String? = nil, allowsPlaintext: Bool = false
    ) throws(FlowerError) {
        guard let url = URL(string: address), let scheme = url.scheme, ["http", "https"].contains(scheme),
            url.host?.isEmpty == false, url.port != nil, ["", "/"].contains(url.path)
        else {
            throw .malformed(
                what: "the address '\(address)'", reason: "http:// or https://, a host and a port are expected")
        }
        if scheme == "http", !allowsPlaintext, !Self.isThisMachine(url.host ?? "") {
            throw .malformed(
                what: "the address '\(address)'",
                reason: "http to another machine is readable on the way; give an https address, or --insecure in a "
                    + "network that encrypts by itself")
        }
        self.address = address.hasSuffix("/") ? String(address.dropLast()) : address
        authority = try certificateAuthority.map { (path) throws(FlowerError) in
            let authority = try Self.contents(path)
            guard Self.isCertificate(authority) else {
                throw .malformed(what: path, reason: "a certificate in PEM form is expected")
            }
            return authority
        }
        secret = try secretFile.map { (path) throws(FlowerError) in
            let secret = try Self.contents(path)
            guard !secret.isEmpty else { throw .malformed(what: path, reason: "it is empty, and a secret is expected") }
            let attributes = try? FileManager.default.attributesOfItem(atPath: path)
            guard let mode = attributes?[.posixPermissions] as? Int, mode & 0o077 == 0 else {
                throw .malformed(what: path, reason: "others can read this secret; chmod 600 it")
            }
            return secret
        }
    }

    private static func isThisMachine(_ host: String) -> Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        let isLoopback = parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
        return isLoopback || ["localhost", "::1", "[::1]"].contains(host)
    }

    private static func contents(_ path: String) throws(FlowerError) -> Data {
        do { return try Data(contentsOf: URL(fileURLWithPath: path)) } catch {
            throw .unreadable(path: path, reason: error.localizedDescription)
        }
    }

    /// Returns whether the bytes start with a certificate in PEM.
    private static func isCertificate(_ data: Data) -> Bool {
        data.withUnsafeBytes { bytes in
            guard let file = BIO_new_mem_buf(bytes.baseAddress, Int32(clamping: bytes.count)) else { return false }
            defer { BIO_free(file) }
            guard let certificate = PEM_read_bio_X509(file, nil, nil, nil) else { return false }
            X509_free(certificate)
            return true
        }
    }
}

/// A transport for requests to Flower: HTTP, or an in-memory double in tests.
package protocol FlowerTransport: Sendable {
    /// Posts a body to a path and returns the response, regardless of its status.
    ///
    /// - Throws: `FlowerError.unreachable` or `.untrusted`; `CancellationError`.
    func post(
        _ path: String, headers: [(name: String, value: String)], body: Data, timeout: Duration
    ) async throws -> (status: Int, body: Data)
}

extension Duration {
    /// The duration in seconds.
    package var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}

/// The signature of a request for a task, which proves that the process knows the secret of its SuperLink or SuperNode.
///
/// Source: flwr 1.39 to 1.42, "SuperExec authentication", which Flower calls experimental.
struct SuperExecSignature {
    private let key: Data

    /// Creates signatures with a secret.
    init(secret: Data) {
        key = SHA256.authenticationCode(for: Data("superexec-auth-v1".utf8), key: secret)
    }

    /// Returns the headers that sign a request.
    ///
    /// - Parameters:
    ///   - time: The time in seconds since 1970; the peer accepts 5 s in its future and 305 s in its past.
    ///   - nonce: A nonce of 32 hexadecimal digits, which the peer accepts once.
    func headers(method: String, body: Data, time: Int, nonce: String) -> [(name: String, value: String)] {
        let digest = SHA256.hash(body).hexadecimal
        let text = "method=\(method)\nts=\(time)\nnonce=\(nonce)\nbody_sha256=\(digest)"
        let signature = SHA256.authenticationCode(for: Data(text.utf8), key: key).hexadecimal
        return [
            ("flwr-superexec-ts", "\(time)"), ("flwr-superexec-nonce", nonce),
            ("flwr-superexec-body-sha256", digest), ("flwr-superexec-signature", signature),
        ]
    }

    /// Returns a new random nonce.
    static func nonce() -> String {
        // The generator is that of the operating system, which is made for secrets.
        var generator = SystemRandomNumberGenerator()
        return Data((0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) }).hexadecimal
    }
}
