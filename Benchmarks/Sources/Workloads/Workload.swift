/// Work that is repeated while it is timed.
package protocol Workload {
    /// The number of floating-point operations in one run; a multiplication and an addition count as two.
    ///
    /// The count follows from the definitions, not from the kernels.
    var operations: Int { get }

    /// Performs the work once.
    mutating func run() async throws

    /// Performs as much of the work as is needed to allocate every buffer.
    mutating func warmUp() async throws
}

extension Workload {
    /// Performs the work three times.
    package mutating func warmUp() async throws {
        for _ in 0..<3 { try await run() }
    }
}
