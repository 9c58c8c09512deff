import Foundation
import Testing
import UNet
import _TestSupport

@testable import Tensor

@Suite struct SegmentationLossTests {
    private let scores = Tensor(random: [2, 2, 3, 4], seed: 1, standardDeviation: 2)
    private let labels: [UInt8] = [0, 3, 1, 2, 2, 0, 1, 1, 0, 0, 3, 2]

    /// The definition, pixel by pixel in Double.
    private func dice(_ scores: Tensor, _ labels: [UInt8], smoothing: Double) -> Double {
        let classes = scores.shape.last
        let rows = stride(from: 0, to: scores.count, by: classes).map { start -> [Double] in
            let exponentials = scores.elements[start..<start + classes].map { Foundation.exp(Double($0)) }
            return exponentials.map { $0 / exponentials.reduce(0, +) }
        }
        let perClass = (1..<classes).map { c -> Double in
            let overlap = zip(rows, labels).reduce(0) { $0 + (Int($1.1) == c ? $1.0[c] : 0) }
            let sum = rows.reduce(0) { $0 + $1[c] } + Double(labels.filter { Int($0) == c }.count)
            return (2 * overlap + smoothing) / (sum + smoothing)
        }
        return 1 - perClass.reduce(0, +) / Double(classes - 1)
    }

    @Test func softDiceAgreesWithTheDefinition() {
        for smoothing: Float in [1, 1e-5] {
            let (value, _) = valueAndGradient(at: [scores]) {
                SoftDiceLoss(smoothing: smoothing)($0[0], labels: labels)
            }
            #expect(abs(Double(value) - dice(scores, labels, smoothing: Double(smoothing))) < 1e-6)
        }
    }

    @Test(arguments: SegmentationLoss.allCases)
    func theDerivativeIsThatOfFiniteDifferences(loss: SegmentationLoss) {
        #expect(gradientError(at: [scores]) { loss($0[0], labels: labels) } < 2e-3)
    }

    @Test func theSumIsTheSumOfItsParts() {
        func value(_ loss: SegmentationLoss) -> Float {
            valueAndGradient(at: [scores]) { loss($0[0], labels: labels) }.value
        }
        #expect(abs(value(.crossEntropyAndDice) - value(.crossEntropy) - value(.dice)) < 1e-6)
    }

    @Test func aPerfectPredictionHasNoLossAndAWrongOneAllOfIt() {
        func certain(_ labels: [UInt8]) -> Tensor {
            var scores = Tensor(zeros: [labels.count, 4])
            scores.withMutableElements { for (i, label) in labels.enumerated() { $0[4 * i + Int(label)] = 60 } }
            return scores
        }
        let loss = SoftDiceLoss(smoothing: 1e-6)
        #expect(valueAndGradient(at: [certain(labels)]) { loss($0[0], labels: labels) }.value < 1e-6)
        let wrong = labels.map { ($0 + 1) % 4 }
        #expect(valueAndGradient(at: [certain(wrong)]) { loss($0[0], labels: labels) }.value > 1 - 1e-6)
    }

    /// A slice at the apex has one structure or none: the loss stays finite, and the classes that are absent from
    /// prediction and labels cost nothing.
    @Test func absentClassesCostNothingWhereNoneIsPredicted() {
        var scores = Tensor(zeros: [8, 4])
        scores.withMutableElements { for i in 0..<8 { $0[4 * i] = 60 } }
        let (value, gradients) = valueAndGradient(at: [scores]) {
            SoftDiceLoss()($0[0], labels: Array(repeating: 0, count: 8))
        }
        #expect(value < 1e-6)
        #expect(gradients[0].elements.allSatisfy { $0.isFinite })
    }

    /// A loss with unlabelled pixels is that of the labelled ones alone, whatever the scores of the others are.
    @Test(arguments: SegmentationLoss.allCases)
    func unlabelledPixelsDoNotCount(loss: SegmentationLoss) {
        let known = [0, 2, 3, 5, 8, 11]
        let sparse = labels.indices.map { known.contains($0) ? labels[$0] : SegmentationLoss.unlabelled }
        let (value, gradients) = valueAndGradient(at: [scores]) { loss($0[0], labels: sparse) }
        let rows = Tensor(known.flatMap { scores.elements[4 * $0..<4 * $0 + 4] }, shape: [known.count, 4])
        let (expected, own) = valueAndGradient(at: [rows]) { loss($0[0], labels: known.map { labels[$0] }) }
        #expect(abs(value - expected) < 1e-6)
        for pixel in labels.indices {
            let gradient = gradients[0].elements[4 * pixel..<4 * pixel + 4]
            if let place = known.firstIndex(of: pixel) {
                #expect(zip(gradient, own[0].elements[4 * place..<4 * place + 4]).allSatisfy { abs($0 - $1) < 1e-6 })
            } else {
                #expect(gradient.allSatisfy { $0 == 0 })
            }
        }
        let none = valueAndGradient(at: [scores]) {
            loss($0[0], labels: Array(repeating: SegmentationLoss.unlabelled, count: 12))
        }
        #expect(none.value.isFinite && none.gradients[0].elements.allSatisfy { $0 == 0 })
    }

    @Test func refusesLabelsThatAreNoClasses() async {
        await #expect(processExitsWith: .failure) {
            _ = valueAndGradient(at: [Tensor(zeros: [2, 3])]) { SoftDiceLoss()($0[0], labels: [0, 3]) }
        }
        await #expect(processExitsWith: .failure) {
            _ = valueAndGradient(at: [Tensor(zeros: [2, 3])]) { SoftDiceLoss()($0[0], labels: [0]) }
        }
    }
}
