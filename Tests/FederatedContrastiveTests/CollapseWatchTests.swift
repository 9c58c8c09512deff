import FederatedContrastive
import Testing

/// A warning comes once, after five suspicious rounds that lie behind the first quarter of the run.
struct CollapseWatchTests {
    /// The rounds in which a warning is issued.
    private func warnings(_ suspicious: [Bool], of rounds: Int) -> [Int] {
        suspicious.indices.compactMap { index in
            let verdicts = suspicious[...index].map { $0 ? "flat" : nil }
            return CollapseWatch.warning(verdicts, after: index + 1, of: rounds).map { _ in index + 1 }
        }
    }

    @Test func waitsForTheFirstQuarter() {
        #expect(warnings(Array(repeating: true, count: 20), of: 20) == [10], "rounds 6 to 10")
        #expect(warnings(Array(repeating: true, count: 100), of: 100) == [30])
    }

    @Test func aRoundThatIsWellStartsTheCountAnew() {
        let four = [true, true, true, true]
        #expect(warnings(four + [false] + four, of: 2).isEmpty)
        #expect(warnings(four + [true, false] + four + [true], of: 2) == [5, 11], "one per streak")
    }

    @Test func shortRunsAreNotWarned() {
        #expect(warnings([true, true, true], of: 3).isEmpty)
    }

    @Test func aLossAtItsConstantIsSuspicious() throws {
        let verdict = try #require(CollapseWatch.verdict([.loss: 1.386, .lossConstant: 1.3863]))
        #expect(verdict.contains("learned"))
        #expect(CollapseWatch.verdict([.loss: 0.9, .lossConstant: 1.3863]) == nil)
        #expect(CollapseWatch.verdict([.loss: 1.3]) == nil, "a loss without a constant says nothing")
    }
}
