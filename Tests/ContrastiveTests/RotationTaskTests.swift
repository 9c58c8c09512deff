import Contrastive
import Foundation
import Tensor
import Testing
import _TestSupport

@Suite struct RotationTaskTests {
    private func model() -> (RotationTask, Parameters) {
        var builder = ParameterBuilder(generator: SeededGenerator(seed: 1))
        let task = RotationTask(inputs: 3, in: &builder)
        return (task, builder.parameters())
    }

    @Test func turnsTwoByTwoPixelsCounterClockwise() {
        // 1 2    2 4    4 3    3 1
        // 3 4    1 3    2 1    4 2
        let copies = RotationTask.copies(of: Tensor([1, 2, 3, 4], shape: [1, 2, 2, 1]))
        #expect(copies.shape == [4, 2, 2, 1])
        #expect(copies.elements == [1, 2, 3, 4, 2, 4, 1, 3, 4, 3, 2, 1, 3, 1, 4, 2])
    }

    @Test(arguments: [1, 2, 5, 8])
    func aTurnFourTimesOverIsTheImage(extent: Int) {
        let images = Tensor(random: [2, extent, extent, 3], seed: 1)
        var turned = images
        for turns in 1...4 {
            turned = RotationTask.copies(of: turned).rows(2..<4)
            // One turn more of the last is the next block of copies.
            #expect(turned == RotationTask.copies(of: images).rows(turns % 4 * 2..<turns % 4 * 2 + 2))
        }
        #expect(turned.bits == images.bits)
    }

    @Test func keepsEveryPixel() {
        let images = Tensor(random: [3, 7, 7, 2], seed: 1)
        let copies = RotationTask.copies(of: images)
        for copy in 0..<12 {
            let image = copy % 3
            #expect(
                copies.rows(copy..<copy + 1).elements.sorted() == images.rows(image..<image + 1).elements.sorted())
        }
        #expect(copies.rows(0..<3) == images)
    }

    @Test(arguments: [1, 3])
    func isTheCrossEntropyOfFourClasses(batch: Int) {
        let (task, parameters) = model()
        let features = Tensor(random: [4 * batch, 2, 3, 3], seed: 2)
        let weight = LossOracle.rows(parameters[parameters.slot(named: "head.rotation.weight")!])
        let bias = parameters[parameters.slot(named: "head.rotation.bias")!].elements.map(Double.init)
        func oracle(_ pixels: LossOracle.Matrix) -> Double {
            let losses = (0..<4 * batch).map { image -> Double in
                let own = pixels[image * 6..<image * 6 + 6]
                let pooled = (0..<3).map { channel in own.reduce(0) { $0 + $1[channel] } / 6 }
                let scores = (0..<4).map { k in
                    (0..<3).reduce(bias[k]) { $0 + pooled[$1] * weight[$1][k] }
                }
                return log(scores.reduce(0) { $0 + exp($1) }) - scores[image / batch]
            }
            return losses.reduce(0, +) / Double(losses.count)
        }
        let (value, gradients) = valueAndGradient(at: [features], parameters: parameters) { task($0[0]) }
        let rows = LossOracle.rows(features)
        #expect(abs(Double(value) - oracle(rows)) < 1e-5)
        let expected = LossOracle.gradients(at: [rows]) { oracle($0[0]) }[0]
        #expect(difference(gradients[0], expected, relative: 1e-4, absolute: 1e-6) == nil)
    }

    @Test func featuresThatDoNotTellTurnsApartCostLnFourOrMore() {
        let (task, start) = model()
        var parameters = start
        let equal = Tensor(repeating: 0.7, shape: [8, 2, 2, 3])
        #expect(evaluate(parameters) { task($0.constant(equal)) }[] >= Float(log(4.0)) - 1e-6)
        parameters.vector = Tensor(zeros: parameters.vector.shape)
        #expect(abs(evaluate(parameters) { task($0.constant(equal)) }[] - Float(log(4.0))) < 1e-6)
    }

    @Test func itsHeadIsNamedAsOne() {
        let (_, parameters) = model()
        #expect(parameters.slots.map(\.name) == ["head.rotation.weight", "head.rotation.bias"])
        #expect(parameters.slots.map(\.shape) == [[3, 4], [4]])
    }
}
