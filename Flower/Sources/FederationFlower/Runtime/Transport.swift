import AsyncHTTPClient
import Crypto
import Foundation
import NIOCore
import NIOSSL

/// The address of Flower, and the credentials for mutual authentication.
///
/// A client connects to the SuperNode of its site, by default `http://127.0.0.1:9094`; the server connects to the
/// SuperLink, port 8000.
public struct FlowerEndpoint: Sendable {
    /// The address: `http://` or `https://`, host, and port, without a path.
    public let address: String
    /// The path of a PEM file with the authority that signs the peer's certificate; `nil` for the system's authorities.
    public let certificateAuthority: String?
    /// The secret that authorizes this process to take tasks: the contents of the peer's
    /// `--superexec-auth-secret-file`.
    let secret: Data?

    /// Creates an endpoint at an address.
    ///
    /// - Parameters:
    ///   - address: The address, such as `https://flower.example.org:8000`.
    ///   - certificateAuthority: The path of a PEM file.
    ///   - secretFile: The path of the secret file with which the peer was started.
    /// - Throws: `FlowerError.malformed` if the address is invalid, `FlowerError.unreadable` if a file cannot be read.
    public init(
        address: String, certificateAuthority: String? = nil, secretFile: String? = nil
    ) throws(FlowerError) {
        guard let url = URL(string: address), let scheme = url.scheme, ["http", "https"].contains(scheme),
            url.host?.isEmpty == false, url.port != nil, ["", "/"].contains(url.path)
        else {
            throw .malformed(
                what: "the address '\(address)'", reason: "http:// or https://, a host and a port are expected")
        }
        self.address = address.hasSuffix("/") ? String(address.dropLast()) : address
        if let certificateAuthority {
            _ = try Self.contents(certificateAuthority)
        }
        self.certificateAuthority = certificateAuthority
        secret = try secretFile.map { (path) throws(FlowerError) in try Self.contents(path) }
    }

    private static func contents(_ path: String) throws(FlowerError) -> Data {
        do { return try Data(contentsOf: URL(fileURLWithPath: path)) } catch {
            throw .unreadable(path: path, reason: error.localizedDescription)
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

/// A transport over HTTP/1.1, with TLS for `https` addresses.
package final class HTTPTransport: FlowerTransport {
    /// The maximum size of a response; Flower divides arrays into chunks of 5 MiB.
    private static let mostBytes = 64 << 20

    private let address: String
    private let client: HTTPClient

    /// Creates a transport to an endpoint.
    ///
    /// - Throws: `FlowerError.malformed` if the authority's certificate is invalid.
    init(_ endpoint: FlowerEndpoint) throws(FlowerError) {
        address = endpoint.address
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.httpVersion = .http1Only
        configuration.timeout = .init(connect: .seconds(10))
        // The caller decides how often to retry.
        configuration.connectionPool.retryConnectionEstablishment = false
        if let path = endpoint.certificateAuthority {
            do {
                var tls = TLSConfiguration.makeClientConfiguration()
                tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(path))
                configuration.tlsConfiguration = tls
            } catch {
                throw .malformed(what: path, reason: "a certificate in PEM form is expected (\(error))")
            }
        }
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// Closes the connections.
    func shutDown() async { try? await client.shutdown() }

    package func post(
        _ path: String, headers: [(name: String, value: String)], body: Data, timeout: Duration
    ) async throws -> (status: Int, body: Data) {
        var request = HTTPClientRequest(url: address + path)
        request.method = .POST
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        request.body = .bytes(ByteBuffer(bytes: body))
        do {
            let response = try await client.execute(request, timeout: .nanoseconds(Int64(timeout.seconds * 1e9)))
            let answer = try await response.body.collect(upTo: Self.mostBytes)
            return (Int(response.status.code), Data(answer.readableBytesView))
        } catch let error as CancellationError {
            throw error
        } catch let error as NIOSSLError {
            throw FlowerError.untrusted(address: address, reason: Self.sentence(error))
        } catch let error as NIOSSLExtraError {
            throw FlowerError.untrusted(address: address, reason: "\(error)")
        } catch let error as HTTPClientError where error == .cancelled {
            throw CancellationError()
        } catch {
            throw FlowerError.unreachable(address: address, reason: Self.sentence(error))
        }
    }

    /// Returns a readable description; that of NIOSSL includes its own files and lines.
    private static func sentence(_ error: NIOSSLError) -> String {
        let text = "\(error)"
        if text.contains("CERTIFICATE_VERIFY_FAILED") { return "no trusted authority has signed its certificate" }
        if text.contains("WRONG_VERSION_NUMBER") { return "it does not speak TLS, so its address begins with http" }
        return "the TLS handshake failed"
    }

    private static func sentence(_ error: any Error) -> String {
        switch error {
        case let error as HTTPClientError: error.shortDescription
        case let error as IOError: error.description
        default: String("\(error)".prefix(200))
        }
    }
}

extension Duration {
    /// The duration in seconds.
    package var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}

/// The signature of a request for a task, which proves that the process knows the secret of its SuperLink or SuperNode.
///
/// Source: flwr 1.39 to 1.42, "SuperExec authentication", which Flower calls experimental.
struct SuperExecSignature {
    private let key: SymmetricKey

    /// Creates signatures with a secret.
    init(secret: Data) {
        let purpose = Data("superexec-auth-v1".utf8)
        key = SymmetricKey(
            data: Data(HMAC<SHA256>.authenticationCode(for: purpose, using: SymmetricKey(data: secret))))
    }

    /// Returns the headers that sign a request.
    ///
    /// - Parameters:
    ///   - time: The time in seconds since 1970; the peer accepts 5 s in its future and 305 s in its past.
    ///   - nonce: A nonce of 32 hexadecimal digits, which the peer accepts once.
    func headers(method: String, body: Data, time: Int, nonce: String) -> [(name: String, value: String)] {
        let digest = Data(SHA256.hash(data: body)).hexadecimal
        let text = "method=\(method)\nts=\(time)\nnonce=\(nonce)\nbody_sha256=\(digest)"
        let signature = Data(HMAC<SHA256>.authenticationCode(for: Data(text.utf8), using: key)).hexadecimal
        return [
            ("flwr-superexec-ts", "\(time)"), ("flwr-superexec-nonce", nonce),
            ("flwr-superexec-body-sha256", digest), ("flwr-superexec-signature", signature),
        ]
    }

    /// Returns a new random nonce.
    static func nonce() -> String {
        SymmetricKey(size: .bits128).withUnsafeBytes { Data($0).hexadecimal }
    }
}

extension Data {
    /// The hexadecimal representation, with two lowercase digits per byte.
    package var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
