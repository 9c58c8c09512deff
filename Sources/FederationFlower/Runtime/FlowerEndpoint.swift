#if Flower
import Foundation

/// Where a process finds Flower, and how the two trust each other.
///
/// A client talks to the SuperNode of its site, `http://127.0.0.1:9094` unless told otherwise; the server talks to the
/// SuperLink, port 8000.
public struct FlowerEndpoint: Sendable {
    /// `http://` or `https://`, host and port, without a path.
    public let address: String
    /// The authority that signs the peer's certificate, a PEM file; the system's authorities if absent.
    public let certificateAuthority: String?
    /// What proves to the peer that this process may take tasks: the contents of its `--superexec-auth-secret-file`.
    let secret: Data?

    /// The endpoint at an address.
    ///
    /// - Parameters:
    ///   - address: such as `https://flower.example.org:8000`.
    ///   - certificateAuthority: the path of a PEM file.
    ///   - secretFile: the path of the file that the peer was started with.
    /// - Throws: `FlowerError.malformed` if the address is none, `FlowerError.unreadable` for a file that cannot be read.
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
#endif
