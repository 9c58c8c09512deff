import Contrastive
import Foundation
import Tensor
import Testing
import _TestSupport

@Suite struct SinkhornKnoppTests {
    private func scores(_ features: Int, _ prototypes: Int, seed: UInt64 = 1) -> Tensor {
        Tensor(random: [features, 5], seed: seed).l2Normalized()
            .matrixProduct(Tensor(random: [prototypes, 5], seed: seed + 1).l2Normalized(), otherTransposed: true)
    }

    private func sums(_ codes: Tensor) -> (rows: [Double], columns: [Double]) {
        let rows = LossOracle.rows(codes)
        return (rows.map { $0.reduce(0, +) }, rows[0].indices.map { column in rows.reduce(0) { $0 + $1[column] } })
    }

    /// The algorithm as its paper's listing has it: K × B, unshifted, divided by its sum first.
    @Test(arguments: [(1, 1), (3, 4), (9, 5), (16, 30)], [0.05, 0.3] as [Float])
    func isTheListingOfThePaper(extents: (Int, Int), epsilon: Float) {
        let scores = scores(extents.0, extents.1)
        let (batch, prototypes) = extents
        var q = (0..<prototypes).map { k in (0..<batch).map { exp(Double(scores[$0, k]) / Double(epsilon)) } }
        let total = q.reduce(0) { $0 + $1.reduce(0, +) }
        q = q.map { $0.map { $0 / total } }
        for _ in 0..<3 {
            for k in 0..<prototypes {
                let sum = q[k].reduce(0, +)
                for b in 0..<batch { q[k][b] /= sum * Double(prototypes) }
            }
            for b in 0..<batch {
                let sum = (0..<prototypes).reduce(0) { $0 + q[$1][b] }
                for k in 0..<prototypes { q[k][b] /= sum * Double(batch) }
            }
        }
        let expected = (0..<batch).flatMap { b in (0..<prototypes).map { q[$0][b] * Double(batch) } }
        #expect(difference(sinkhornKnopp(scores, epsilon: epsilon), expected) == nil)
    }

    @Test(arguments: [1, 3, 10])
    func everyCodeSumsToOne(iterations: Int) {
        let codes = sinkhornKnopp(scores(9, 5), iterations: iterations)
        #expect(sums(codes).rows.allSatisfy { abs($0 - 1) < 1e-6 })
        #expect(codes.elements.allSatisfy { $0 >= 0 })
    }

    @Test func everyPrototypeGetsAsMuchInTheLimit() {
        // Of twelve features, four prototypes get three each.
        func unevenness(_ iterations: Int) -> Double {
            sums(sinkhornKnopp(scores(12, 4), epsilon: 0.2, iterations: iterations)).columns
                .map { abs($0 - 3) }.max()!
        }
        #expect(unevenness(1) > 0.01)
        #expect(unevenness(3) < unevenness(1))
        #expect(unevenness(200) < 1e-5)
    }

    @Test func equalScoresAreSharedOutEvenly() {
        let codes = sinkhornKnopp(Tensor(repeating: -0.3, shape: [6, 4]))
        #expect(codes.elements.allSatisfy { $0 == 0.25 })
    }

    @Test func aSmallEpsilonChoosesOnePrototype() {
        // Two features for each of two prototypes.
        let scores = Tensor([0.9, 0.1, 0.8, 0.2, 0.1, 0.9, 0.2, 0.8], shape: [4, 2])
        let codes = sinkhornKnopp(scores, epsilon: 0.01)
        #expect(difference(codes, [1, 0, 1, 0, 0, 1, 0, 1]) == nil)
    }

    @Test func holdsTheLargestAndTheSmallestScores() {
        let codes = sinkhornKnopp(Tensor([1, -1, 1, -1], shape: [2, 2]), epsilon: 0.01)
        #expect(codes.elements.allSatisfy { $0 == 0.5 })
        #expect(sinkhornKnopp(Tensor([1, -1, -1, 1], shape: [2, 2]), epsilon: 0.01).elements == [1, 0, 0, 1])
    }
}
