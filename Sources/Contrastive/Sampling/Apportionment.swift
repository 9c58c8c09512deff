import Tensor

/// Divides `count` among shares in proportion to their sizes, without bias and without gaps.
///
/// A share of size n out of N receives `count · n / N` on average, rounded down or up by one common random offset
/// (systematic sampling); every share that is not empty receives one at least when `count` allows it, at the expense of
/// the largest.
///
/// - Precondition: a share that is not empty, unless `count` is 0.
func apportion(_ count: Int, among sizes: [Int], using generator: inout SeededGenerator) -> [Int] {
    let total = sizes.reduce(0, +)
    guard count > 0 else { return sizes.map { _ in 0 } }
    precondition(total > 0, "\(count) cannot be divided among shares of sizes \(sizes)")
    let offset = generator.integer(below: total)
    var passed = 0
    var given = 0
    var shares = sizes.map { size in
        passed += size
        // In integers, so that the last share closes the sum exactly.
        let until = (count * passed + offset) / total
        defer { given = until }
        return until - given
    }
    guard count >= sizes.count(where: { $0 > 0 }) else { return shares }
    for empty in shares.indices where shares[empty] == 0 && sizes[empty] > 0 {
        let largest = shares.indices.max { shares[$0] < shares[$1] }!
        shares[largest] -= 1
        shares[empty] = 1
    }
    return shares
}
