import COpenSSL
import Federation
import Foundation

/// The answer of a SuperNode or SuperLink to a request that changes nothing.
public struct FlowerProbe: Sendable {
    /// The number of days for which the peer's certificate is valid; `nil` for a connection without TLS.
    public let certificateDays: Int?
}

extension FlowerEndpoint {
    /// Asks the peer for a task of a kind that does not exist, which tells whether it is reachable, trusted, of a known
    /// version, and accepts the secret.
    ///
    /// - Throws: `FlowerError` that says what is wrong; `CancellationError`.
    public func probe() async throws -> FlowerProbe {
        var retries = Runtime.Retries()
        (retries.attempts, retries.timeout) = (1, .seconds(10))
        let transport = HTTPTransport(self)
        try await withRuntime(over: transport, retries: retries) { _ = try await $0.acquireTask("probe") }
        return FlowerProbe(certificateDays: transport.peerCertificate.flatMap(Self.daysLeft))
    }

    /// The number of days for which the certificate of the authority is valid; `nil` if none was given.
    public var authorityDays: Int? { authority.flatMap(Self.daysLeft) }

    /// Returns the number of days for which the first certificate in a PEM text is valid, negative if it has expired.
    static func daysLeft(_ certificate: Data) -> Int? {
        certificate.withUnsafeBytes { bytes in
            guard let file = BIO_new_mem_buf(bytes.baseAddress, Int32(clamping: bytes.count)) else { return nil }
            defer { BIO_free(file) }
            guard let certificate = PEM_read_bio_X509(file, nil, nil, nil) else { return nil }
            defer { X509_free(certificate) }
            var (days, seconds): (Int32, Int32) = (0, 0)
            guard ASN1_TIME_diff(&days, &seconds, nil, X509_get0_notAfter(certificate)) == 1 else { return nil }
            return Int(days)
        }
    }
}
