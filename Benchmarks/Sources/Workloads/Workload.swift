/// One kind of work that is done again and again while it is timed.
package protocol Workload {
    /// Floating-point operations of one run, a multiplication and an addition being two.
    ///
    /// Those of the definitions count, whatever a kernel really computes.
    var operations: Int { get }

    /// Does the work once.
    mutating func run() async throws

    /// Does as much of the work as it takes to have every buffer allocated.
    mutating func warmUp() async throws
}

extension Workload {
    /// Three runs.
    package mutating func warmUp() async throws {
        for _ in 0..<3 { try await run() }
    }
}
