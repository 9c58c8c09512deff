import Tensor
import Testing

@Suite struct ShapeTests {
    @Test func countsItsElements() {
        #expect(Tensor.Shape([]).count == 1)
        #expect(Tensor.Shape([3, 0, 2]).count == 0)
        let shape: Tensor.Shape = [2, 3, 4, 5, 6, 7]
        #expect(shape.count == 5_040 && shape.rank == 6 && shape.last == 7 && shape[4] == 6)
        #expect(shape.array == [2, 3, 4, 5, 6, 7])
        #expect("\(shape)" == "[2, 3, 4, 5, 6, 7]")
        #expect(Tensor.Shape([]).last == 1)
    }

    @Test func equalsOnlyTheSameExtents() {
        let shape: Tensor.Shape = [2, 3]
        #expect(shape == [2, 3])
        #expect(shape != [3, 2] && shape != [2, 3, 0] && shape != [2])
        #expect(Set([shape, [2, 3], [6]]).count == 2)
    }

    @Test func refusesWhatCannotBe() async {
        await #expect(processExitsWith: .failure) { _ = Tensor.Shape([1, 1, 1, 1, 1, 1, 1]) }
        await #expect(processExitsWith: .failure) { _ = Tensor.Shape([-1]) }
        await #expect(processExitsWith: .failure) { _ = Tensor.Shape([Int(Int32.max) + 1]) }
        await #expect(processExitsWith: .failure) { _ = Tensor.Shape([2])[1] }
    }
}
