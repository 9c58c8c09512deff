import Testing
import _TestSupport

@testable import Tensor

/// Broadcasting, comparison, and selection against a walk over all indices in Double.
@Suite struct BroadcastingTests {
    /// Pairs of shapes that can be broadcast: of every rank, with repeated axes at the start, in the middle, at the end.
    static let pairs: [(Tensor.Shape, Tensor.Shape)] = [
        ([3, 4], [4]), ([3, 4], [3, 1]), ([3, 1], [1, 4]), ([2, 3, 4], []), ([], [5]), ([2, 1, 3, 1], [4, 1, 5]),
        ([2, 3, 4, 5], [2, 1, 1, 5]), ([1, 1], [2, 3]), ([6, 1, 2, 1, 3, 1], [1, 2, 1, 3, 1, 2]), ([2, 0, 3], [1, 3]),
        ([1], [0]), ([7, 1], [7, 1]), ([40_000, 2], [2]), ([1, 70_000], [3, 1]),
    ]

    /// The element of `x` that broadcasting puts at a position of the result.
    private func element(_ x: Tensor, at position: [Int]) -> Double {
        var offset = 0
        for (axis, extent) in x.shape.array.enumerated() {
            offset = offset * extent + (extent == 1 ? 0 : position[position.count - x.shape.rank + axis])
        }
        return Double(x.elements.withUnsafeBufferPointer { $0[offset] })
    }

    private func positions(of shape: Tensor.Shape) -> [[Int]] {
        shape.array.reduce([[]]) { positions, extent in positions.flatMap { head in (0..<extent).map { head + [$0] } } }
    }

    @Test(arguments: pairs.indices.dropLast(2))
    func computesWithRepeatedElements(index: Int) {
        let (left, right) = Self.pairs[index]
        var a = Tensor(random: left, seed: 1), b = Tensor(random: right, seed: 2)
        if b.count > 0 { b.withMutableElements { $0[0] = 3 } }
        if a.count > 0 { a.withMutableElements { $0[0] = 3 } }
        let extents = positions(of: Tensor.Shape.broadcast(left, right))
        let expected = extents.map { (element(a, at: $0), element(b, at: $0)) }
        #expect(difference(a + b, expected.map { $0 + $1 }) == nil)
        #expect(difference(a - b, expected.map { $0 - $1 }) == nil)
        #expect(difference(a * b, expected.map { $0 * $1 }) == nil)
        #expect(difference(a / b, expected.map { $0 / $1 }) == nil)
        #expect((a .< b).elements == expected.map { $0 < $1 ? 1 : 0 })
        #expect((a .<= b).elements == expected.map { $0 <= $1 ? 1 : 0 })
        #expect((a .> b).elements == expected.map { $0 > $1 ? 1 : 0 })
        #expect((a .>= b).elements == expected.map { $0 >= $1 ? 1 : 0 })
        #expect((a .== b).elements == expected.map { $0 == $1 ? 1 : 0 })
        #expect((a .!= b).elements == expected.map { $0 != $1 ? 1 : 0 })
        #expect((a .< b).select(a, otherwise: b).elements == expected.map { Float($0 < $1 ? $0 : $1) })
        #expect((a + b).shape == (b + a).shape && (a + b).shape.count == expected.count)
    }

    @Test(arguments: pairs)
    func addsTheGradientsOfRepetitions(left: Tensor.Shape, right: Tensor.Shape) {
        let a = Tensor(random: left, seed: 1), b = Tensor(random: right, seed: 2)
        guard (a + b).count > 0 else { return }
        #expect(adjointError(at: [a, b], by: 0) { $0[0] * $0[0].tape.constant(b) } < 1e-5)
        #expect(adjointError(at: [a, b], by: 1) { $0[0].tape.constant(a) * $0[1] } < 1e-5)
        guard a.count < 1000 && b.count < 1000 else { return }
        let away = b * b + 1
        for function: ([Variable]) -> Variable in [
            { $0[0] + $0[1] }, { $0[0] - $0[1] }, { $0[0] * $0[1] }, { $0[0] / $0[1] },
            { select($0[0].tape.constant(a).value .< away, $0[0] * 2, $0[1] * 3) },
        ] { #expect(gradientError(at: [a, away], step: 0.01, of: function) < 1e-3) }
    }

    @Test func numbersAreElements() {
        let x = Tensor([1, -2, 4])
        #expect((x + 1).elements == [2, -1, 5] && (x - 1).elements == [0, -3, 3])
        #expect((x * 2).elements == [2, -4, 8] && (x / 3).elements == [1 / 3, -2 / 3, 4 / 3])
        #expect((-x).elements == [-1, 2, -4])
        #expect((x .< 1).elements == [0, 1, 0] && (x .<= 1).elements == [1, 1, 0])
        #expect((x .> 1).elements == [0, 0, 1] && (x .>= 1).elements == [1, 0, 1])
    }

    @Test func whatIsNotSelectedDoesNotMatter() {
        let x = Tensor([-1, 0, 4])
        let (value, gradients) = valueAndGradient(at: [x]) { v in
            sum(select(x .> 0, sqrt(v[0]), v[0].tape.constant(Tensor([0, .infinity, .nan]))))
        }
        #expect(value.isInfinite && gradients[0][2] == 0.25)
        let mask = x .> 0
        #expect(mask.select(x, otherwise: Tensor([7])).elements == [7, 7, 4])
        let unselected = Tensor([.nan, .nan, 2])
        #expect(mask.select(unselected, otherwise: Tensor([0])).elements == [0, 0, 2])
    }

    @Test func comparesNotANumberAsUnequal() {
        let x = Tensor([.nan, 1])
        #expect((x .== x).elements == [0, 1] && (x .!= x).elements == [1, 0])
        #expect((x .< 2).elements == [0, 1] && (x .>= 0).elements == [0, 1])
    }

    @Test func broadcastsAsAsked() {
        #expect(Tensor([1, 2], shape: [2, 1]).broadcast(to: [2, 3]).elements == [1, 1, 1, 2, 2, 2])
        #expect(Tensor([1, 2]).broadcast(to: [2, 2]).elements == [1, 2, 1, 2])
        #expect(Tensor([5], shape: []).broadcast(to: [3]).elements == [5, 5, 5])
    }

    @Test func theBitsDoNotDependOnThreads() {
        let a = Tensor(random: [50_000, 3], seed: 1), b = Tensor(random: [50_000, 1], seed: 2)
        let alone = Parallel.$threadLimit.withValue(1) { (a * b, (a * b).sum(axes: [1])) }
        #expect(a * b == alone.0 && (a * b).sum(axes: [1]) == alone.1)
    }

    @Test func refusesShapesThatDoNotFit() async {
        await #expect(processExitsWith: .failure) { _ = Tensor(zeros: [2, 3]) + Tensor(zeros: [2]) }
        await #expect(processExitsWith: .failure) { _ = Tensor(zeros: [2, 3]).broadcast(to: [3]) }
        await #expect(processExitsWith: .failure) { _ = Tensor(zeros: [1]).broadcast(to: []) }
    }
}
