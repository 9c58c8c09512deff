extension Parallel {
    /// The results of asynchronous pieces of work in their order, done by a few tasks at a time with one thread each.
    ///
    /// - Parameters:
    ///   - count: The number of pieces.
    ///   - workers: The maximum number of pieces at work at a time.
    ///   - work: One piece; the results of `work(0)`, `work(1)`, … are returned.
    /// - Throws: What a piece throws; the others are cancelled then.
    public static func map<Result: Sendable>(
        _ count: Int, workers: Int, _ work: @escaping @Sendable (Int) async throws -> Result
    ) async throws -> [Result] {
        try await withThrowingTaskGroup(of: (Int, Result).self) { group in
            var next = 0
            func add() {
                guard next < count else { return }
                let index = next
                next += 1
                group.addTask {
                    try await $threadLimit.withValue(1) { (index, try await work(index)) }
                }
            }
            for _ in 0..<max(1, workers) { add() }
            var results = [Result?](repeating: nil, count: count)
            for try await (index, result) in group {
                results[index] = result
                add()
            }
            return results.map { $0! }
        }
    }
}
