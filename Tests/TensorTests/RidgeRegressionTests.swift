import Tensor
import Testing
import _TestSupport

@Suite struct RidgeRegressionTests {
    /// y = 2 x − 3 exactly: with hardly a penalty the line itself.
    @Test func aLineIsFound() {
        let map = RidgeRegression(
            from: Tensor([0, 1, 2, 5], shape: [4, 1]), to: Tensor([-3, -1, 1, 7], shape: [4, 1]), penalty: 1e-9)
        #expect(difference(map.weights, Tensor([2], shape: [1, 1]), absolute: 1e-6) == nil)
        #expect(difference(map.intercept, Tensor([-3]), absolute: 1e-5) == nil)
        #expect(difference(map(Tensor([10], shape: [1, 1])), [17], absolute: 1e-4) == nil)
    }

    /// One centred input of length 1: the weight is ⟨x, y⟩ / (1 + penalty), the intercept the mean.
    @Test func thePenaltyShrinksTheWeightButNotTheIntercept() {
        let half = Float(0.5).squareRoot()
        let map = RidgeRegression(
            from: Tensor([half, -half], shape: [2, 1]), to: Tensor([7, 5], shape: [2, 1]), penalty: 3)
        #expect(difference(map.weights, [Double(half) * 2 / 4], absolute: 1e-6) == nil)
        #expect(difference(map.intercept, [6], absolute: 1e-6) == nil)
    }

    /// At the minimum the gradient is zero: Xᵀ (X W + b − Y) + penalty · W = 0, and the residuals add up to 0.
    @Test(arguments: [(30, 4, 3), (5, 9, 2), (1, 2, 1)])
    func theGradientVanishes(rows: Int, inputs: Int, outputs: Int) {
        let x = Tensor(random: [rows, inputs], seed: 3)
        let y = Tensor(random: [rows, outputs], seed: 4)
        let penalty = 0.7
        let map = RidgeRegression(from: x, to: y, penalty: penalty)
        var residuals = map(x)
        residuals.add(y, scaledBy: -1)
        var gradient = x.matrixProduct(residuals, transposed: true)
        gradient.add(map.weights, scaledBy: Float(penalty))
        #expect(gradient.elements.allSatisfy { abs($0) < 1e-4 })
        for output in 0..<outputs {
            let sum = (0..<rows).reduce(0) { $0 + residuals.elements[$1 * outputs + output] }
            #expect(abs(sum) < 1e-4)
        }
    }

    @Test func refusesWhatHasNoSolution() async {
        await #expect(processExitsWith: .failure) {
            _ = RidgeRegression(from: Tensor(zeros: [2, 1]), to: Tensor(zeros: [3, 1]), penalty: 1)
        }
        await #expect(processExitsWith: .failure) {
            _ = RidgeRegression(from: Tensor(zeros: [2, 1]), to: Tensor(zeros: [2, 1]), penalty: 0)
        }
        await #expect(processExitsWith: .failure) {
            _ = RidgeRegression(from: Tensor([.nan], shape: [1, 1]), to: Tensor(zeros: [1, 1]), penalty: 1)
        }
    }
}
