import Testing
import _TestSupport

@testable import Tensor

@Suite struct TensorValueTests {
    @Test func readsAndWritesByPosition() {
        var a = Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3])
        #expect(a[1, 0] == 4 && a[0, 2] == 3)
        a[1, 2] = 9
        #expect(a.elements == [1, 2, 3, 4, 5, 9])
        #expect(Tensor([7], shape: [])[] == 7)
        #expect("\(a)" == "Tensor [2, 3]: 1.0, 2.0, 3.0, 4.0, 5.0, 9.0")
        #expect("\(Tensor(zeros: [20]))".hasSuffix("0.0, …"))
    }

    @Test func comparesShapesAndElements() {
        let a = Tensor([1, 2, 3, 4])
        #expect(a == Tensor([1, 2, 3, 4]) && a != Tensor([1, 2, 3, 5]))
        #expect(a != a.reshaped(to: [2, 2]))
        #expect(Tensor([.nan]) != Tensor([.nan]) && Tensor([0]) == Tensor([-0.0]))
    }

    @Test func viewsShareMemoryUntilOneIsChanged() {
        let original = Tensor((0..<12).map { Float($0) }, shape: [4, 3])
        var rows = original.rows(1..<3)
        #expect(rows.shape == [2, 3] && rows.pointer == original.pointer + 3)
        #expect(rows.reshaped(to: [6]).pointer == rows.pointer)
        #expect(original.view(from: 5, shape: [2]).elements == [5, 6])
        rows[0, 0] = 100
        #expect(rows.elements == [100, 4, 5, 6, 7, 8])
        #expect(original.elements == (0..<12).map { Float($0) })
        #expect(original.rows(2..<2).count == 0)
    }

    @Test func changesInPlaceWhatNobodyElseHolds() {
        var a = Tensor(zeros: [8])
        let address = a.pointer
        a[3] = 1
        a.scale(by: 2)
        a.add(Tensor(repeating: 1, shape: [8]), scaledBy: 3)
        a.withMutableElements { $0[0] = 7 }
        #expect(a.pointer == address)
        #expect(a.elements == [7, 3, 3, 5, 3, 3, 3, 3])

        let copy = a
        a[0] = 0
        #expect(a.pointer != address && copy.pointer == address)
        #expect(copy[0] == 7 && a[0] == 0)

        // Elements of collections and members of members change in place too.
        struct Model { var vectors = [Tensor(zeros: [4])] }
        var model = Model()
        let inner = model.vectors[0].pointer
        model.vectors[0].scale(by: 2)
        #expect(model.vectors[0].pointer == inner)
    }

    @Test func isAlignedForVectorInstructions() {
        for count in [1, 31, 32, 33, 1_000] {
            #expect(Int(bitPattern: Tensor(zeros: [count]).pointer) % 64 == 0)
        }
    }

    @Test func addsScalesAndInterpolatesAcrossPiecesOfWork() {
        let count = Tensor.grain + 5
        let ramp = Tensor((0..<count).map { Float($0 % 17) }, shape: [count])
        var a = ramp
        a.add(ramp, scaledBy: 0.5)
        a.interpolate(toward: Tensor(zeros: [count]), by: 0.25)
        for i in [0, 1, 16, Tensor.grain - 1, Tensor.grain, count - 1] {
            #expect(a[i] == Float(i % 17) * 1.125)
        }
        a = ramp
        a.add(a)
        #expect(a[count - 1] == 2 * ramp[count - 1])
    }

    @Test func reducesInDouble() {
        // In single precision the sum would stop growing at 2^24.
        let ones = Tensor(repeating: 1, shape: [100_000])
        var large = ones
        large.scale(by: 1_000.5)
        #expect(ones.sum == 100_000 && large.sum == 100_050_000)
        #expect(ones.dot(large) == 100_050_000 && ones.mean == 1)
        #expect(abs(ones.norm - 100_000.0.squareRoot()) < 1e-9)
        #expect(ones.isFinite && Tensor(zeros: [0]).isFinite && Tensor(zeros: [0]).sum == 0)
        for value in [Float.infinity, -.infinity, .nan] {
            var broken = ones
            broken[99_999] = value
            #expect(!broken.isFinite)
        }
    }

    @Test func refusesShapesThatDoNotFit() async {
        await #expect(processExitsWith: .failure) { _ = Tensor([1, 2], shape: [3]) }
        await #expect(processExitsWith: .failure) { _ = Tensor(zeros: [2, 2])[0] }
        await #expect(processExitsWith: .failure) { _ = Tensor(zeros: [2, 2])[0, 2] }
        await #expect(processExitsWith: .failure) { _ = Tensor(zeros: [2, 2]).rows(1..<3) }
        await #expect(processExitsWith: .failure) { _ = Tensor(zeros: [2, 2]).reshaped(to: [3]) }
        await #expect(processExitsWith: .failure) {
            var a = Tensor(zeros: [2])
            a.add(Tensor(zeros: [1, 2]))
        }
    }
}
