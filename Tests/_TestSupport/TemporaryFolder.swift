import Foundation

/// A folder that is gone when the test is over.
public final class TemporaryFolder: Sendable {
    /// Where it is.
    public let url: URL

    /// Makes an empty folder.
    public init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "tensor-tests-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    /// A file in the folder.
    public func file(_ name: String) -> URL {
        url.appending(path: name)
    }

    /// The names of all files in the folder.
    public var contents: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: url.path) }
    }
}
