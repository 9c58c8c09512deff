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

    @Test func refusesLabelsThatAreNoClasses() async {
        await #expect(processExitsWith: .failure) {
            _ = valueAndGradient(at: [Tensor(zeros: [2, 3])]) { crossEntropy($0[0], labels: [0, 3]) }
        }
        await #expect(processExitsWith: .failure) {
            _ = valueAndGradient(at: [Tensor(zeros: [2, 3])]) { crossEntropy($0[0], labels: [0]) }
        }
    }
}
