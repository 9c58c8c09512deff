import Contrastive
import Tensor
import Testing
import _TestSupport

@Suite struct ReconstructionTaskTests {
    @Test(arguments: [
        ([2, 16, 16, 1], 8, 0.5), ([1, 16, 24, 2], 4, 0.25), ([3, 10, 7, 1], 4, 0.6), ([1, 3, 3, 1], 8, 0.1),
    ])
    func coversWholeSquaresOfAGrid(shape: [Int], patch: Int, ratio: Double) {
        let images = Tensor(random: Tensor.Shape(shape), seed: 1)
        var generator = SeededGenerator(seed: 2)
        let (covered, mask) = ReconstructionTask(patch: patch, ratio: Float(ratio)).mask(images, using: &generator)
        let (rows, columns) = ((shape[1] + patch - 1) / patch, (shape[2] + patch - 1) / patch)
        for image in 0..<shape[0] {
            var squares: [Int: Set<Float>] = [:]
            for i in 0..<shape[1] {
                for j in 0..<shape[2] {
                    for c in 0..<shape[3] {
                        let bit = mask[image, i, j, c]
                        squares[i / patch * columns + j / patch, default: []].insert(bit)
                        #expect(covered[image, i, j, c] == (bit == 1 ? 0 : images[image, i, j, c]))
                    }
                }
            }
            #expect(squares.count == rows * columns)
            #expect(squares.values.allSatisfy { $0.count == 1 && ($0.contains(0) || $0.contains(1)) })
            let expected = max(1, Int((ratio * Double(rows * columns)).rounded()))
            #expect(squares.values.filter { $0.contains(1) }.count == expected)
        }
    }

    @Test func everyImageDrawsItsOwnSquaresFromTheGeneratorAlone() {
        let images = Tensor(random: [4, 32, 32, 1], seed: 1)
        func mask(_ seed: UInt64) -> Tensor {
            var generator = SeededGenerator(seed: seed)
            return ReconstructionTask().mask(images, using: &generator).mask
        }
        #expect(mask(3) == mask(3))
        #expect(mask(3) != mask(4))
        #expect(mask(3).rows(0..<1) != mask(3).rows(1..<2))
    }

    @Test func everySquareIsCoveredAsOften() {
        let images = Tensor(repeating: 1, shape: [1, 16, 16, 1])
        var generator = SeededGenerator(seed: 5)
        var counts = Tensor(zeros: [1, 16, 16, 1])
        for _ in 0..<400 { counts.add(ReconstructionTask(patch: 4, ratio: 0.25).mask(images, using: &generator).mask) }
        // A hundred each, with a standard deviation of 8.7.
        #expect(counts.elements.allSatisfy { abs($0 - 100) < 40 })
        #expect(counts.sum == 400 * 64)
    }

    @Test func isTheMeanSquaredErrorOfWhatWasCoveredWithItsGradient() {
        let images = Tensor(random: [2, 8, 8, 2], seed: 1)
        var generator = SeededGenerator(seed: 2)
        let mask = ReconstructionTask(patch: 4, ratio: 0.5).mask(images, using: &generator).mask
        let (target, weights) = (LossOracle.rows(images), LossOracle.rows(mask))
        func oracle(_ drawing: LossOracle.Matrix) -> Double {
            var (total, count) = (0.0, 0.0)
            for (row, drawn) in drawing.enumerated() {
                for channel in 0..<2 where weights[row][channel] == 1 {
                    total += (drawn[channel] - target[row][channel]) * (drawn[channel] - target[row][channel])
                    count += 1
                }
            }
            return total / count
        }
        #expect(
            LossOracle.difference(
                at: [Tensor(random: [2, 8, 8, 2], seed: 3)], oracle: { oracle($0[0]) },
                loss: { ReconstructionTask()($0[0], images: images, mask: mask) }) == nil)
    }

    @Test func whatWasNotCoveredDoesNotCount() {
        let images = Tensor(random: [1, 16, 16, 1], seed: 1)
        var generator = SeededGenerator(seed: 2)
        let (covered, mask) = ReconstructionTask().mask(images, using: &generator)
        func loss(_ drawing: Tensor) -> Float {
            evaluate(Parameters()) { ReconstructionTask()($0.constant(drawing), images: images, mask: mask) }[]
        }
        // Right where it was covered, wrong elsewhere.
        let drawing = Tensor(
            zip(images.elements, mask.elements).map { $1 == 1 ? $0 : 99 }, shape: images.shape)
        #expect(loss(drawing) == 0)
        // The covered images themselves are wrong by y there.
        let squares = zip(images.elements, mask.elements).reduce(0.0) { $0 + Double($1.0 * $1.0 * $1.1) }
        #expect(abs(Double(loss(covered)) - squares / mask.sum) < 1e-5)
    }
}
