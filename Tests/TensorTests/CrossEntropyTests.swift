import Foundation
import Testing
import _TestSupport

@testable import Tensor

@Suite struct CrossEntropyTests {
    @Test func agreesWithTheDefinition() {
        let logits = Tensor(random: [2, 3, 4], seed: 1, standardDeviation: 3)
        let labels = [0, 3, 1, 2, 2, 0]
        let probabilities = SoftmaxTests.reference(logits)
        let expected = labels.enumerated().reduce(0) { $0 - Foundation.log(probabilities[$1.0 * 4 + $1.1]) } / 6
        let (value, gradients) = valueAndGradient(at: [logits]) { crossEntropy($0[0], labels: labels) }
        #expect(abs(Double(value) - expected) < 1e-6)
        let byLogits = probabilities.enumerated().map { index, p in (p - (labels[index / 4] == index % 4 ? 1 : 0)) / 6 }
        #expect(difference(gradients[0], byLogits, absolute: 1e-7) == nil)
    }

    @Test func ofEqualScoresIsTheLogarithmOfTheNumberOfClasses() {
        let (value, gradients) = valueAndGradient(at: [Tensor(zeros: [7, 5])]) {
            crossEntropy($0[0], labels: Array(repeating: 2, count: 7)) * 2
        }
        #expect(abs(value - 2 * Foundation.log(Float(5))) < 1e-6)
        #expect(abs(gradients[0].sum) < 1e-6)
    }

    @Test func ignoredRowsDoNotCount() {
        let logits = Tensor(random: [4, 3], seed: 1, standardDeviation: 3)
        let (value, gradients) = valueAndGradient(at: [logits]) {
            crossEntropy($0[0], labels: [2, -1, 0, -1], ignoring: -1)
        }
        let rows = Tensor(Array(logits.elements[0..<3] + logits.elements[6..<9]), shape: [2, 3])
        let (expected, own) = valueAndGradient(at: [rows]) { crossEntropy($0[0], labels: [2, 0]) }
        #expect(value == expected)
        #expect(gradients[0].elements[0..<3] == own[0].elements[0..<3])
        #expect(gradients[0].elements[6..<9].elementsEqual(own[0].elements[3..<6]))
        #expect(gradients[0].elements[3..<6].allSatisfy { $0 == 0 })
        let none = valueAndGradient(at: [logits]) { crossEntropy($0[0], labels: [9, 9, 9, 9], ignoring: 9) }
        #expect(none.value == 0 && none.gradients[0].elements.allSatisfy { $0 == 0 })
    }

    @Test func refusesLabelsThatAreNoClasses() async {
        await #expect(processExitsWith: .failure) {
            _ = valueAndGradient(at: [Tensor(zeros: [2, 3])]) { crossEntropy($0[0], labels: [0, 3]) }
        }
        await #expect(processExitsWith: .failure) {
            _ = valueAndGradient(at: [Tensor(zeros: [2, 3])]) { crossEntropy($0[0], labels: [0]) }
        }
    }
}
