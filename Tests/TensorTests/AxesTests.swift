import Testing
import _TestSupport

@testable import Tensor

/// Reductions and rearrangements along axes against loops over all indices.
@Suite struct AxesTests {
    private let x = Tensor(random: [2, 3, 4], seed: 1)

    /// Calls `body` with every position of the tensor `x`.
    private func forEachPosition(_ body: (Int, Int, Int) -> Void) {
        for i in 0..<2 { for j in 0..<3 { for k in 0..<4 { body(i, j, k) } } }
    }

    @Test func sumsAlongEverySetOfAxes() {
        for set in 0..<8 {
            let axes = (0..<3).filter { set >> $0 & 1 == 1 }
            let kept = (0..<3).map { axes.contains($0) ? 1 : x.shape[$0] }
            var expected = Oracle(kept)
            forEachPosition { i, j, k in
                let place = [i, j, k].enumerated().map { axes.contains($0) ? 0 : $1 }
                expected[place[0], place[1], place[2]] += Double(x[i, j, k])
            }
            #expect(difference(x.sum(axes: axes, keepingAxes: true), expected) == nil, "\(axes)")
            let terms = Double(axes.reduce(1) { $0 * x.shape[$1] })
            #expect(difference(x.mean(axes: axes), expected.elements.map { $0 / terms }) == nil, "\(axes)")
            #expect(x.sum(axes: axes).shape.array == (0..<3).filter { !axes.contains($0) }.map { x.shape[$0] })
            #expect(x.sum(axes: axes.map { $0 - 3 }) == x.sum(axes: axes))
            #expect(adjointError(at: [x]) { sum($0[0], axes: axes) } < 1e-6)
            if !axes.isEmpty { #expect(gradientError(at: [x]) { variance($0[0], axes: axes) } < 2e-3) }
        }
    }

    @Test func sumsInDouble() {
        // 2²⁴ + 1 is no float: a sum in Float would lose every 1.
        let column = Tensor([16_777_216] + Array(repeating: 1, count: 64), shape: [65, 1])
        let columns = Tensor(concatenating: [column, column * 2], axis: 1)
        #expect(columns.sum(axes: [0]).elements == [16_777_280, 33_554_560])
    }

    @Test func findsExtremes() {
        for axis in 0..<3 {
            let extents = x.shape.array
            let (values, indices) = (x.maximum(axis: axis, keepingAxis: true), x.argmax(axis: axis))
            var place = 0
            for i in 0..<(axis == 0 ? 1 : extents[0]) {
                for j in 0..<(axis == 1 ? 1 : extents[1]) {
                    for k in 0..<(axis == 2 ? 1 : extents[2]) {
                        let line = (0..<extents[axis]).map { step in
                            x[axis == 0 ? step : i, axis == 1 ? step : j, axis == 2 ? step : k]
                        }
                        #expect(values[i, j, k] == line.max() && indices[place] == line.firstIndex(of: line.max()!))
                        #expect(x.minimum(axis: axis, keepingAxis: true)[i, j, k] == line.min())
                        place += 1
                    }
                }
            }
            #expect((-x).argmin(axis: axis) == indices)
            #expect(gradientError(at: [x], step: 0.001) { maximum($0[0], axis: axis) } < 5e-3)
            #expect(gradientError(at: [x], step: 0.001) { minimum($0[0], axis: axis) } < 5e-3)
        }
    }

    @Test func equalExtremesAndNotANumber() {
        let ties = Tensor([1, 3, 3, 3, 2, 3], shape: [2, 3])
        #expect(ties.argmax() == [1, 0] && ties.argmin() == [0, 1])
        let (_, gradients) = valueAndGradient(at: [ties]) { sum(maximum($0[0], axis: 1)) }
        #expect(gradients[0].elements == [0, 1, 0, 1, 0, 0])
        let holes = Tensor([1, .nan, 3, .nan, 5, .nan], shape: [2, 3])
        #expect(holes.argmax() == [1, 0] && holes.argmin() == [1, 0])
        #expect(holes.maximum(axis: 1).elements.allSatisfy { $0.isNaN })
        #expect(holes.maximum(axis: 0, keepingAxis: true)[0, 2].isNaN)
        #expect(Tensor([-.infinity, -.infinity]).argmax(axis: 0) == [0])
    }

    @Test(arguments: [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0], [-1, 0, 1]])
    func permutes(axes: [Int]) {
        let y = x.permuted(axes)
        let order = axes.map { ($0 + 3) % 3 }
        #expect(y.shape.array == order.map { x.shape[$0] })
        forEachPosition { i, j, k in
            let place = order.map { [i, j, k][$0] }
            #expect(y[place[0], place[1], place[2]] == x[i, j, k])
        }
        #expect(adjointError(at: [x]) { permute($0[0], axes: axes) } < 1e-6)
    }

    @Test func transposesEveryMatrix() {
        #expect(x.transposed() == x.permuted([0, 2, 1]))
        #expect(Tensor(random: [70, 33], seed: 2).transposed() == Tensor(random: [70, 33], seed: 2).permuted([1, 0]))
        #expect(adjointError(at: [x]) { transpose($0[0]) } < 1e-6)
        #expect(Tensor(zeros: [3, 0]).transposed().shape == [0, 3])
    }

    @Test func joinsAndSlicesAlongEveryAxis() {
        for axis in -3..<3 {
            let place = (axis + 3) % 3, extent = x.shape[place]
            let parts = [0..<1, 1..<extent, extent..<extent].map { x.sliced($0, axis: axis) }
            #expect(Tensor(concatenating: parts, axis: axis) == x)
            #expect(parts[1].shape[place] == extent - 1)
            #expect(adjointError(at: [x]) { slice($0[0], 1..<extent, axis: axis) } < 1e-6)
            #expect(gradientError(at: parts) { concatenate([$0[1], $0[0], $0[2], $0[1]], axis: axis) } < 1e-3)
        }
        let second = x.sliced(1..<2, axis: 1)
        for i in 0..<2 { for k in 0..<4 { #expect(second[i, 0, k] == x[i, 1, k]) } }
    }

    @Test func stacksAlongANewAxis() {
        let y = Tensor(random: [2, 3, 4], seed: 2)
        for axis in -4..<4 {
            let stacked = Tensor(stacking: [x, y], axis: axis)
            let place = (axis + 4) % 4
            #expect(stacked.shape[place] == 2 && stacked.shape.rank == 4)
            #expect(stacked.sliced(0..<1, axis: axis).elements == x.elements)
            #expect(stacked.sliced(1..<2, axis: axis).elements == y.elements)
            #expect(gradientError(at: [x, y]) { stack([$0[0], $0[1]], axis: axis) } < 1e-3)
        }
    }

    @Test func refusesWhatIsNotThere() async {
        await #expect(processExitsWith: .failure) { _ = Tensor(zeros: [2, 3]).sum(axes: [2]) }
        await #expect(processExitsWith: .failure) { _ = Tensor(zeros: [2, 3]).sum(axes: [0, -2]) }
        await #expect(processExitsWith: .failure) { _ = Tensor(zeros: [2, 0]).argmax() }
        await #expect(processExitsWith: .failure) { _ = Tensor(zeros: [2, 3]).permuted([0, 0]) }
        await #expect(processExitsWith: .failure) { _ = Tensor(zeros: [2, 3]).sliced(1..<4, axis: 1) }
        await #expect(processExitsWith: .failure) {
            _ = Tensor(concatenating: [Tensor(zeros: [2, 3]), Tensor(zeros: [3, 3])], axis: 1)
        }
    }
}
