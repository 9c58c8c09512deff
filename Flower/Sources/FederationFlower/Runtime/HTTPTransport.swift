import CCurl
import Foundation
import Synchronization

/// A transport over HTTP/1.1, with TLS for `https` addresses. It is libcurl's.
///
/// Redirects are not followed, and proxies of the environment are ignored: credentials go to the given address only.
package final class HTTPTransport: FlowerTransport {
    private let endpoint: FlowerEndpoint
    /// The connections that wait for a request.
    private let idle = Mutex<[HTTPConnection]>([])
    private let certificate = Mutex<Data?>(nil)

    /// The certificate that the peer showed last, in PEM; `nil` without TLS.
    var peerCertificate: Data? { certificate.withLock { $0 } }

    /// Creates a transport to an endpoint.
    package init(_ endpoint: FlowerEndpoint) { self.endpoint = endpoint }

    package func post(
        _ path: String, headers: [(name: String, value: String)], body: Data, timeout: Duration
    ) async throws -> (status: Int, body: Data) {
        let connection = idle.withLock { $0.popLast() } ?? HTTPConnection()
        let exchange = HTTPExchange(endpoint, path: path, headers: headers, body: body, timeout: timeout)
        defer { idle.withLock { $0.append(connection) } }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                // libcurl waits on the thread that calls it, which therefore is none of those that run tasks.
                Thread.detachNewThread {
                    let result = Result { try exchange.perform(on: connection) }
                    if let shown = exchange.peerCertificate { self.certificate.withLock { $0 = shown } }
                    continuation.resume(with: result)
                }
            }
        } onCancel: {
            exchange.cancel()
        }
    }
}

/// A handle of libcurl, which keeps its connection open from request to request. One request at a time may use it.
private final class HTTPConnection: @unchecked Sendable {
    let handle: UnsafeMutableRawPointer

    /// Once in a process, before anything else of libcurl.
    private static let isReady: Bool = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    init() {
        guard Self.isReady, let handle = curl_easy_init() else { fatalError("libcurl cannot be initialized") }
        self.handle = handle
    }

    deinit { curl_easy_cleanup(handle) }
}

/// A request and its response. Apart from `cancel`, everything happens on the thread that calls `perform`.
private final class HTTPExchange: @unchecked Sendable {
    /// The maximum size of a response; Flower divides arrays into chunks of 5 MiB.
    private static let mostBytes = 64 << 20
    private static let mostHeaderBytes = 64 << 10

    private let endpoint: FlowerEndpoint
    private let path: String
    private let headers: [(name: String, value: String)]
    private let body: Data
    private let timeout: Duration

    private var response = Data()
    private var headerBytes = 0
    /// The certificate of the peer, in PEM.
    private(set) var peerCertificate: Data?
    private let isCancelled = Atomic(false)

    init(
        _ endpoint: FlowerEndpoint, path: String, headers: [(name: String, value: String)], body: Data,
        timeout: Duration
    ) {
        (self.endpoint, self.path, self.headers, self.body) = (endpoint, path, headers, body)
        self.timeout = timeout
    }

    /// Ends the transfer within a second.
    func cancel() { isCancelled.store(true, ordering: .relaxed) }

    /// Sends the request and returns the response.
    ///
    /// - Throws: `FlowerError.unreachable`, `.untrusted`, or `.malformed`; `CancellationError`.
    func perform(on connection: HTTPConnection) throws -> (status: Int, body: Data) {
        let handle = connection.handle
        // All options of the last request; the connection stays open.
        curl_easy_reset(handle)
        var list: UnsafeMutablePointer<curl_slist>?
        defer { curl_slist_free_all(list) }
        // An empty `Expect`: libcurl would wait for the peer's consent before it sends a large body.
        for (name, value) in headers + [("Expect", "")] {
            guard value.utf8.allSatisfy({ (0x20..<0x7f).contains($0) }) else {
                throw FlowerError.malformed(what: "the header \(name)", reason: "it has characters other than ASCII's")
            }
            list = curl_slist_append(list, "\(name): \(value)")
        }
        var message = [CChar](repeating: 0, count: Int(CURL_ERROR_SIZE))
        let code = body.withUnsafeBytes { bytes in
            message.withUnsafeMutableBytes { message in
                set(handle, headers: list, body: bytes, message: message.baseAddress)
                return curl_easy_perform(handle)
            }
        }
        guard code == CURLE_OK else {
            throw failure(code, String(decoding: message.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self))
        }
        peerCertificate = ccurl_certificate(handle).map { Data(String(cString: $0).utf8) }
        return (ccurl_status(handle), response)
    }

    private func set(
        _ handle: UnsafeMutableRawPointer, headers: UnsafeMutablePointer<curl_slist>?, body: UnsafeRawBufferPointer,
        message: UnsafeMutableRawPointer?
    ) {
        ccurl_set_text(handle, CURLOPT_URL, endpoint.address + path)
        ccurl_set_integer(handle, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1)
        ccurl_set_text(handle, CURLOPT_PROXY, "")
        ccurl_set_integer(handle, CURLOPT_NOSIGNAL, 1)
        ccurl_set_integer(handle, CURLOPT_CONNECTTIMEOUT_MS, 10_000)
        ccurl_set_integer(handle, CURLOPT_TIMEOUT_MS, max(1, Int(timeout.seconds * 1000)))
        ccurl_set_integer(handle, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2)
        ccurl_set_integer(handle, CURLOPT_CERTINFO, 1)
        if let authority = endpoint.authority {
            _ = authority.withUnsafeBytes { ccurl_set_authority(handle, $0.baseAddress, $0.count) }
            // Not those of the system as well.
            ccurl_set_text(handle, CURLOPT_CAPATH, nil)
        }
        ccurl_set_integer(handle, CURLOPT_POST, 1)
        ccurl_set_size(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count))
        ccurl_set_pointer(handle, CURLOPT_POSTFIELDS, UnsafeMutableRawPointer(mutating: body.baseAddress))
        ccurl_set_pointer(handle, CURLOPT_HTTPHEADER, headers)
        ccurl_set_pointer(handle, CURLOPT_ERRORBUFFER, message)
        ccurl_set_callbacks(
            handle, Unmanaged.passUnretained(self).toOpaque(),
            { bytes, size, count, context in HTTPExchange.at(context).receive(bytes, size * count) },
            { _, size, count, context in HTTPExchange.at(context).receiveHeader(size * count) },
            { context, _, _, _, _ in HTTPExchange.at(context).isCancelled.load(ordering: .relaxed) ? 1 : 0 })
    }

    private static func at(_ context: UnsafeMutableRawPointer?) -> HTTPExchange {
        Unmanaged<HTTPExchange>.fromOpaque(context!).takeUnretainedValue()
    }

    /// Returns how many bytes were taken; the transfer ends if that is not all.
    private func receive(_ bytes: UnsafeMutablePointer<CChar>?, _ count: Int) -> Int {
        guard let bytes, response.count + count <= Self.mostBytes else { return 0 }
        response.append(UnsafeRawPointer(bytes).assumingMemoryBound(to: UInt8.self), count: count)
        return count
    }

    private func receiveHeader(_ count: Int) -> Int {
        headerBytes += count
        return headerBytes <= Self.mostHeaderBytes ? count : 0
    }

    private func failure(_ code: CURLcode, _ text: String) -> any Error {
        let address = endpoint.address
        func unreachable(_ reason: String) -> FlowerError { .unreachable(address: address, reason: reason) }
        func untrusted(_ reason: String) -> FlowerError { .untrusted(address: address, reason: reason) }
        switch code {
        case CURLE_ABORTED_BY_CALLBACK: return CancellationError()
        case CURLE_COULDNT_CONNECT: return unreachable("nothing answers there")
        case CURLE_COULDNT_RESOLVE_HOST: return unreachable("the name of the machine is not known")
        case CURLE_OPERATION_TIMEDOUT: return unreachable("it does not answer in time")
        case CURLE_GOT_NOTHING, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_PARTIAL_FILE:
            return unreachable("it closed the connection")
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY: return unreachable("it does not answer in HTTP")
        case CURLE_WRITE_ERROR:
            return FlowerError.malformed(
                what: "a response of \(address)", reason: "it has more than \(Self.mostBytes) bytes")
        case CURLE_PEER_FAILED_VERIFICATION where text.contains("subject name"):
            return untrusted("its certificate is for another name")
        case CURLE_PEER_FAILED_VERIFICATION where text.contains("expired"):
            return untrusted("its certificate has expired")
        case CURLE_PEER_FAILED_VERIFICATION: return untrusted("no trusted authority has signed its certificate")
        case CURLE_SSL_CONNECT_ERROR
        where ["wrong version", "packet length", "record layer"].contains { text.contains($0) }:
            return untrusted("it does not speak TLS, so its address begins with http")
        case CURLE_SSL_CONNECT_ERROR: return untrusted("the TLS handshake failed (\(text))")
        default: return unreachable(text.isEmpty ? String(cString: curl_easy_strerror(code)) : text)
        }
    }
}
