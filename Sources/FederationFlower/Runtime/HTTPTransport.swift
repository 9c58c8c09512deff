#if Flower
import AsyncHTTPClient
import Foundation
import NIOCore
import NIOSSL

/// Requests over HTTP/1.1, with TLS where the address says so.
package final class HTTPTransport: FlowerTransport {
    /// The largest answer that is read; Flower cuts arrays into chunks of 5 MiB.
    private static let mostBytes = 64 << 20

    private let address: String
    private let client: HTTPClient

    /// Connections to an endpoint.
    ///
    /// - Throws: `FlowerError.malformed` if the authority's certificate is none.
    init(_ endpoint: FlowerEndpoint) throws(FlowerError) {
        address = endpoint.address
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.httpVersion = .http1Only
        configuration.timeout = .init(connect: .seconds(10))
        // Who asks decides how often it tries.
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

    /// NIOSSL names files and lines of its own; people need less.
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
    /// As a number of seconds.
    package var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
#endif
