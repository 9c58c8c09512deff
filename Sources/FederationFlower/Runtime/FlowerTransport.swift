#if Flower
import Foundation

/// How a request reaches Flower: by HTTP, or in tests from hand to hand.
package protocol FlowerTransport: Sendable {
    /// Posts a body to a path and returns what came back, whatever its status.
    ///
    /// - Throws: `FlowerError.unreachable` or `.untrusted`; `CancellationError`.
    func post(
        _ path: String, headers: [(name: String, value: String)], body: Data, timeout: Duration
    ) async throws -> (status: Int, body: Data)
}
#endif
