/// Returns the results of `body(0)`, `body(1)`, … in order, running at most `workers` calls at a time.
///
/// - Precondition: `workers > 0`.
package func concurrently<Value: Sendable>(
    _ count: Int, workers: Int, _ body: @escaping @Sendable (Int) -> Value
) async -> [Value] {
    precondition(workers > 0, "\(workers) workers cannot do anything")
    return await withTaskGroup(of: (Int, Value).self) { group in
        var results = [Value?](repeating: nil, count: count)
        for i in 0..<min(workers, count) { group.addTask { (i, body(i)) } }
        var next = min(workers, count)
        for await (i, value) in group {
            results[i] = value
            if next < count {
                group.addTask { [next] in (next, body(next)) }
                next += 1
            }
        }
        return results.map { $0! }
    }
}
